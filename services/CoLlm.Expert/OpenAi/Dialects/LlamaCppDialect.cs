using System.Text.Json;

namespace CoLlm.Expert.OpenAi.Dialects;

/// <summary>
/// llama.cpp's server: its native <c>/completion</c>, because that names tokens by id and tells of a truncated prompt. A slot with the
/// longest common prefix is found by the server itself; sessions are not pinned to slots, of which there may be fewer.
/// </summary>
/// <remarks>
/// A token that is half a character is held back by the server, its probabilities with it, and it goes on to write the next one. So it
/// is made to write a plain token whatever it thinks: a bias acts on what it samples, not on the probabilities it tells.
/// </remarks>
/// <param name="plainTokenId">A token that is whole characters.</param>
internal sealed class LlamaCppDialect(int plainTokenId) : ServerDialect
{
    /// <summary>Above any difference of logits.</summary>
    private const int ForcingBias = 10_000;

    public override string Name => "llama.cpp";

    public override string CompletionPath => "completion";

    public override bool Scores => false;

    public override void WriteCompletion(Utf8JsonWriter json, string model, ReadOnlySpan<int> prompt, int topTokens)
    {
        json.WriteString("model", model);
        json.WriteNumber("n_predict", topTokens > 0 ? 1 : 0);
        json.WriteNumber("temperature", 0);
        json.WriteNumber("repeat_penalty", 1);
        json.WriteNumber("presence_penalty", 0);
        json.WriteNumber("frequency_penalty", 0);
        json.WriteBoolean("cache_prompt", true);
        json.WriteBoolean("stream", false);
        if (topTokens > 0)
        {
            json.WriteNumber("n_probs", topTokens);
            json.WriteBoolean("post_sampling_probs", false);
            json.WriteStartArray("logit_bias");
            json.WriteStartArray();
            json.WriteNumberValue(plainTokenId);
            json.WriteNumberValue(ForcingBias);
            json.WriteEndArray();
            json.WriteEndArray();
        }

        json.WriteStartArray("response_fields"); // Its settings, which it repeats otherwise, are longer than the answer.
        foreach (string field in (ReadOnlySpan<string>)["completion_probabilities", "tokens_evaluated", "truncated", "timings", "model"])
            json.WriteStringValue(field);
        json.WriteEndArray();
        WriteIds(json, "prompt", prompt);
    }

    public override ReplyUsage ReadUsage(ServerReply reply)
    {
        if (ServerReply.Find(reply.Root, "truncated") is { ValueKind: JsonValueKind.True })
            throw reply.Of(Protocol.V1.FailureReason.PromptTooLong, "of a prompt that it has truncated, since its context is shorter");
        int? cached = ServerReply.Find(reply.Root, "timings") is { } timings ? ServerReply.FindInt(timings, "cache_n") : null;
        return new ReplyUsage(reply.NeedInt(reply.Root, "tokens_evaluated"), cached, ServerReply.FindText(reply.Root, "model"));
    }

    public override List<(int Id, double LogProbability)> ReadTokens(ServerReply reply, TokenNames names)
    {
        JsonElement written = reply.NeedFirst(reply.Root, "completion_probabilities", JsonValueKind.Object);
        List<(int Id, double LogProbability)> tokens = [];
        foreach (JsonElement entry in reply.Need(written, JsonValueKind.Array, "top_logprobs").EnumerateArray())
            tokens.Add(ReadEntry(reply, entry));

        // The token it was made to write need not be among the most probable ones, but its probability is told all the same.
        (int Id, double LogProbability) own = ReadEntry(reply, written);
        if (own.Id != plainTokenId)
            throw reply.Malformed($"with the probabilities of a token {own.Id} where it was made to write {plainTokenId}, so they may be of another position");
        if (!tokens.Exists(token => token.Id == own.Id))
            tokens.Add(own);
        return tokens;
    }

    public override async Task<(int? ContextTokens, int? VocabularySize)> InspectAsync(
        ServerConnection connection, JsonElement model, CancellationToken cancellationToken)
    {
        using ServerReply props = await connection.GetAsync("props", MostShortReplyBytes, cancellationToken).ConfigureAwait(false);
        JsonElement defaults = props.Need(props.Root, JsonValueKind.Object, "default_generation_settings");
        int? vocabulary = ServerReply.Find(model, "meta") is { } meta ? ServerReply.FindInt(meta, "n_vocab") : null;
        return (ServerReply.FindInt(defaults, "n_ctx"), vocabulary);
    }

    public override Task<int[]?> TokenizeAsync(ServerConnection connection, string model, string text, CancellationToken cancellationToken) =>
        PostTokenizeAsync(
            connection,
            json =>
            {
                json.WriteString("content", text);
                json.WriteBoolean("add_special", false);
                json.WriteBoolean("parse_special", false);
            },
            cancellationToken);

    private static (int Id, double LogProbability) ReadEntry(ServerReply reply, JsonElement entry)
    {
        int id = reply.NeedInt(entry, "id");
        return (id, ServerReply.TryFind(entry, "logprob", out JsonElement value) ? ReadLogProbability(value, reply) : throw reply.Malformed("without logprob"));
    }
}
