using System.Buffers;
using System.Text.Json;
using CoLlm.Expert.OpenAi.Dialects;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// Asks a server about prompts of token ids and holds every reply against what was sent: a prompt that the server has changed, or
/// another model behind the same address, would be silent divergence. Safe to call from any thread.
/// </summary>
internal sealed class CompletionClient(ServerConnection connection, ServerModel model, Tokenizer tokenizer, int vocabularySize)
{
    /// <summary>What a reply may have beside the tokens it names; how long a reply about a whole prompt may be.</summary>
    private const int MostReplyBytes = 64 << 10, MostScoringBytes = 256 << 20;

    private readonly RequestBody _bodies = new();
    private readonly TokenNames _names = new(tokenizer);

    public ServerModel Model => model;

    /// <summary>Rows of the model's output layer.</summary>
    public int VocabularySize => vocabularySize;

    /// <summary>Has the server compute a prompt, so that its prefix cache holds it.</summary>
    /// <returns>Tokens it computed, as far as it tells.</returns>
    /// <exception cref="Models.BackendException">It did not, or not this prompt.</exception>
    public async Task<int> FillCacheAsync(ReadOnlyMemory<int> prompt, CancellationToken cancellationToken)
    {
        using Sent sent = await SendAsync(prompt, topTokens: 0, cancellationToken).ConfigureAwait(false);
        return sent.ComputedTokens;
    }

    /// <summary>As <see cref="FillCacheAsync"/>; tells how many of the prompt's tokens it had already, where it says so.</summary>
    /// <exception cref="Models.BackendException">It did not compute it.</exception>
    public async Task<int?> CountCachedAsync(ReadOnlyMemory<int> prompt, CancellationToken cancellationToken)
    {
        using Sent sent = await SendAsync(prompt, topTokens: 0, cancellationToken).ConfigureAwait(false);
        return model.Dialect.ReadUsage(sent.Reply).CachedTokens;
    }

    /// <summary>The distribution after a prompt.</summary>
    /// <exception cref="Models.BackendException">There is none, or not of this prompt.</exception>
    public async Task<(TopDistribution Distribution, int ComputedTokens)> AskAsync(
        ReadOnlyMemory<int> prompt, int topTokens, int usableVocabularySize, CancellationToken cancellationToken)
    {
        using Sent sent = await SendAsync(prompt, topTokens, cancellationToken).ConfigureAwait(false);
        List<(int Id, double LogProbability)> tokens = model.Dialect.ReadTokens(sent.Reply, _names);
        return (TopDistribution.Create(tokens, usableVocabularySize, vocabularySize, sent.Reply), sent.ComputedTokens);
    }

    /// <summary>What the server thinks of a prompt's own tokens.</summary>
    /// <exception cref="Models.BackendException">It does not tell, or not of this prompt.</exception>
    public async Task<SequenceScores> ScoreAsync(
        ReadOnlyMemory<int> prompt, int firstPosition, int topTokens, int usableVocabularySize, CancellationToken cancellationToken)
    {
        using ServerReply reply = await PostAsync(
            prompt, json => model.Dialect.WriteScoring(json, model.Name, prompt.Span, firstPosition, topTokens),
            Math.Min(MostScoringBytes, MostReplyBytes + (long)prompt.Length * (topTokens + 2) * model.Dialect.MostBytesPerToken), cancellationToken).ConfigureAwait(false);
        CheckUsage(reply, prompt.Length);
        SequenceScores scores = new() { FirstPosition = firstPosition, IsLast = true };
        int position = firstPosition;
        foreach (List<(int Id, double LogProbability)> tokens in model.Dialect.ReadScoring(reply, prompt, firstPosition))
        {
            TopDistribution distribution = TopDistribution.Create(tokens, usableVocabularySize, vocabularySize, reply);
            int standing = prompt.Span[position++];
            scores.GoldLogProbabilities.Add((float)distribution.Tokens.First(token => token.Id == standing).LogProbability);
            scores.MaxLogProbabilities.Add((float)distribution.Tokens[0].LogProbability);
        }

        return scores;
    }

    /// <summary>The name that the server's completions carry; null where they carry none.</summary>
    public async Task<string?> LearnReplyNameAsync(ReadOnlyMemory<int> prompt, int topTokens, CancellationToken cancellationToken)
    {
        using ServerReply reply = await PostAsync(
            prompt, json => model.Dialect.WriteCompletion(json, model.Name, prompt.Span, topTokens), MostBytes(topTokens), cancellationToken).ConfigureAwait(false);
        return model.Dialect.ReadUsage(reply).Model;
    }

    private long MostBytes(int topTokens) => MostReplyBytes + (long)(topTokens + 2) * model.Dialect.MostBytesPerToken;

    private async Task<Sent> SendAsync(ReadOnlyMemory<int> prompt, int topTokens, CancellationToken cancellationToken)
    {
        ServerReply reply = await PostAsync(
            prompt, json => model.Dialect.WriteCompletion(json, model.Name, prompt.Span, topTokens), MostBytes(topTokens), cancellationToken).ConfigureAwait(false);
        try
        {
            return new Sent(reply, CheckUsage(reply, prompt.Length));
        }
        catch
        {
            reply.Dispose();
            throw;
        }
    }

    private async Task<ServerReply> PostAsync(ReadOnlyMemory<int> prompt, Action<Utf8JsonWriter> members, long mostBytes, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> body = _bodies.Rent();
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        ServerReply reply = await connection.PostAsync(
            model.Dialect.CompletionPath, body.WrittenMemory, (int)Math.Min(int.MaxValue / 2, mostBytes), cancellationToken).ConfigureAwait(false);

        // Not after a failure: what is left of the call may still read it.
        _bodies.Return(body);
        return reply;
    }

    /// <summary>The server must have taken the prompt for what was sent: a token put before it or cut from it shows in the count.</summary>
    /// <returns>Tokens it computed of the prompt.</returns>
    private int CheckUsage(ServerReply reply, int sentTokens)
    {
        ReplyUsage usage = model.Dialect.ReadUsage(reply);
        if (usage.PromptTokens != sentTokens)
        {
            throw reply.Of(
                FailureReason.PrefixMismatch,
                $"of a prompt of {usage.PromptTokens} tokens where {sentTokens} were sent; it has added or cut some",
                $"{sentTokens}",
                $"{usage.PromptTokens}");
        }

        if (model.ReplyName is { } name && usage.Model != name)
            throw reply.Of(FailureReason.ModelMismatch, $"by the model {usage.Model ?? "(none named)"} where {name} was asked", name, usage.Model ?? "");
        return sentTokens - Math.Min(sentTokens, usage.CachedTokens ?? 0);
    }

    /// <summary>A reply that has passed the checks.</summary>
    private sealed record Sent(ServerReply Reply, int ComputedTokens) : IDisposable
    {
        public void Dispose() => Reply.Dispose();
    }
}
