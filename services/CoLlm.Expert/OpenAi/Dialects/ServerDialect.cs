using System.Buffers;
using System.Text.Json;
using CoLlm.Expert.Models;

namespace CoLlm.Expert.OpenAi.Dialects;

/// <summary>How one kind of server is asked and how it answers. Knows JSON and nothing of sessions; safe to call from any thread.</summary>
internal abstract class ServerDialect
{
    /// <summary>Bytes that an answer about a short text, or about settings, may have.</summary>
    protected const int MostShortReplyBytes = 1 << 20;

    /// <summary>In the model hub's words, such as <c>vllm</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Where completions are asked for, below the server's root.</summary>
    public abstract string CompletionPath { get; }

    /// <summary>Whether it gives log-probabilities of a prompt's own tokens.</summary>
    public abstract bool Scores { get; }

    /// <summary>Bytes an answer may have for each token it names, texts of tokens and their bytes included.</summary>
    public virtual int MostBytesPerToken => 1024;

    /// <summary>Writes the request for the distribution after a prompt.</summary>
    /// <param name="json">An object is open.</param>
    /// <param name="model">As the server lists it.</param>
    /// <param name="prompt">Token ids, at least one.</param>
    /// <param name="topTokens">Most probable tokens wanted; zero: none, the prompt is only to be in the prefix cache.</param>
    public abstract void WriteCompletion(Utf8JsonWriter json, string model, ReadOnlySpan<int> prompt, int topTokens);

    /// <summary>Reads how the server accounts for a completion: what it took for the prompt, and what it had to compute of it.</summary>
    public abstract ReplyUsage ReadUsage(ServerReply reply);

    /// <summary>Reads the tokens that the distribution's answer names, with natural log-probabilities.</summary>
    public abstract List<(int Id, double LogProbability)> ReadTokens(ServerReply reply, TokenNames names);

    /// <summary>Writes the request for log-probabilities of a prompt's own tokens, with the most probable ones beside each.</summary>
    /// <param name="json">An object is open.</param>
    /// <param name="model">As the server lists it.</param>
    /// <param name="prompt">Token ids.</param>
    /// <param name="firstPosition">Tokens before it need no log-probability.</param>
    /// <param name="topTokens">Most probable tokens wanted at each position.</param>
    public virtual void WriteScoring(Utf8JsonWriter json, string model, ReadOnlySpan<int> prompt, int firstPosition, int topTokens) =>
        throw new NotSupportedException();

    /// <summary>Reads what the server said of each position from <paramref name="firstPosition"/> on: the standing token among others.</summary>
    /// <returns>One list per position; each has the standing token.</returns>
    public virtual IEnumerable<List<(int Id, double LogProbability)>> ReadScoring(ServerReply reply, ReadOnlyMemory<int> prompt, int firstPosition) =>
        throw new NotSupportedException();

    /// <summary>What the server says of its context length and vocabulary, beyond its model list; null: nothing.</summary>
    public virtual Task<(int? ContextTokens, int? VocabularySize)> InspectAsync(ServerConnection connection, JsonElement model, CancellationToken cancellationToken) =>
        Task.FromResult((ServerReply.FindInt(model, "max_model_len"), (int?)null));

    /// <summary>The ids that the server's tokenizer gives for a text, without any put around it; null: it does not tell.</summary>
    public abstract Task<int[]?> TokenizeAsync(ServerConnection connection, string model, string text, CancellationToken cancellationToken);

    /// <summary>Asks <c>/tokenize</c>, which all have, each with other settings; null where it is missing or hidden.</summary>
    protected static async Task<int[]?> PostTokenizeAsync(ServerConnection connection, Action<Utf8JsonWriter> members, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> body = RequestBody.Write(members);
        try
        {
            using ServerReply reply = await connection.PostAsync("tokenize", body.WrittenMemory, MostShortReplyBytes, cancellationToken).ConfigureAwait(false);
            return ReadIds(reply, reply.Need(reply.Root, JsonValueKind.Array, "tokens"), "tokens");
        }
        catch (BackendException exception) when (exception.HttpStatus is 404 or 405 or 501)
        {
            return null;
        }
    }

    /// <summary>Asks for the ids of a text, in the words that vLLM and SGLang share; null where it is missing or hidden.</summary>
    protected static Task<int[]?> PostTokenizeAsync(ServerConnection connection, string model, string text, CancellationToken cancellationToken) =>
        PostTokenizeAsync(
            connection,
            json =>
            {
                json.WriteString("model", model);
                json.WriteString("prompt", text);
                json.WriteBoolean("add_special_tokens", false);
            },
            cancellationToken);

    /// <summary>Sampling that changes nothing, in the words that vLLM and SGLang share.</summary>
    protected static void WritePlainSampling(Utf8JsonWriter json)
    {
        json.WriteNumber("temperature", 0);
        json.WriteNumber("top_p", 1);
        json.WriteNumber("top_k", -1);
        json.WriteNumber("min_p", 0);
        json.WriteNumber("repetition_penalty", 1);
        json.WriteNumber("presence_penalty", 0);
        json.WriteNumber("frequency_penalty", 0);
    }

    protected static void WriteIds(Utf8JsonWriter json, string name, ReadOnlySpan<int> ids)
    {
        json.WriteStartArray(name);
        foreach (int id in ids)
            json.WriteNumberValue(id);
        json.WriteEndArray();
    }

    /// <summary>A log-probability; what is null, or no finite number, is an overflow on the server's side.</summary>
    protected static double ReadLogProbability(JsonElement value, ServerReply reply) => value.ValueKind switch
    {
        JsonValueKind.Number when value.TryGetDouble(out double number) && !double.IsNaN(number) => number,
        JsonValueKind.Null => throw reply.Of(Protocol.V1.FailureReason.NonFiniteLogits, "with a log-probability of null, which stands for no number"),
        _ => throw reply.Malformed("with a log-probability that is no number"),
    };

    protected static int[] ReadIds(ServerReply reply, JsonElement list, string name)
    {
        int[] ids = new int[list.GetArrayLength()];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = reply.AsInt(list[i], name);
        return ids;
    }
}

/// <summary>How a server accounts for one completion.</summary>
/// <param name="PromptTokens">Tokens it took the prompt for; must be those sent.</param>
/// <param name="CachedTokens">Those of them it had computed before; null: it does not tell.</param>
/// <param name="Model">The model that answered; null: it does not tell.</param>
internal readonly record struct ReplyUsage(int PromptTokens, int? CachedTokens, string? Model);
