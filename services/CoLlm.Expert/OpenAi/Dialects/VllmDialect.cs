using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace CoLlm.Expert.OpenAi.Dialects;

/// <summary>
/// vLLM: completions with token ids as prompt and tokens named <c>token_id:123</c>. Its log-probabilities are those before any
/// sampling; penalties are named all the same, because the model's generation settings would otherwise bring their own.
/// </summary>
internal sealed class VllmDialect : ServerDialect
{
    public override string Name => "vllm";

    public override string CompletionPath => "v1/completions";

    public override bool Scores => true;

    public override void WriteCompletion(Utf8JsonWriter json, string model, ReadOnlySpan<int> prompt, int topTokens)
    {
        WriteGreedy(json, model);
        if (topTokens > 0)
            json.WriteNumber("logprobs", topTokens);
        WriteIds(json, "prompt", prompt);
    }

    public override ReplyUsage ReadUsage(ServerReply reply)
    {
        JsonElement usage = reply.Need(reply.Root, JsonValueKind.Object, "usage");
        int? cached = ServerReply.Find(usage, "prompt_tokens_details") is { } details ? ServerReply.FindInt(details, "cached_tokens") : null;
        return new ReplyUsage(reply.NeedInt(usage, "prompt_tokens"), cached, ServerReply.FindText(reply.Root, "model"));
    }

    public override List<(int Id, double LogProbability)> ReadTokens(ServerReply reply, TokenNames names)
    {
        JsonElement choice = reply.NeedFirst(reply.Root, "choices", JsonValueKind.Object);
        JsonElement logprobs = reply.Need(choice, JsonValueKind.Object, "logprobs");
        List<(int Id, double LogProbability)> tokens = [];
        foreach (JsonProperty entry in reply.NeedFirst(logprobs, "top_logprobs", JsonValueKind.Object).EnumerateObject())
            tokens.Add((names.IdOf(reply.NameOf(entry), reply), ReadLogProbability(entry.Value, reply)));
        return tokens;
    }

    public override void WriteScoring(Utf8JsonWriter json, string model, ReadOnlySpan<int> prompt, int firstPosition, int topTokens)
    {
        WriteGreedy(json, model);
        json.WriteNumber("prompt_logprobs", topTokens);
        WriteIds(json, "prompt", prompt);
    }

    public override IEnumerable<List<(int Id, double LogProbability)>> ReadScoring(ServerReply reply, ReadOnlyMemory<int> prompt, int firstPosition)
    {
        JsonElement choice = reply.NeedFirst(reply.Root, "choices", JsonValueKind.Object);
        JsonElement positions = reply.Need(choice, JsonValueKind.Array, "prompt_logprobs");
        if (positions.GetArrayLength() != prompt.Length)
            throw reply.Malformed($"with prompt_logprobs of {positions.GetArrayLength()} positions where {prompt.Length} tokens were sent");
        for (int position = firstPosition; position < prompt.Length; position++)
            yield return ReadPosition(reply, positions[position], position, prompt.Span[position]);
    }

    public override async Task<int[]?> TokenizeAsync(ServerConnection connection, string model, string text, CancellationToken cancellationToken) =>
        await PostTokenizeAsync(connection, model, text, cancellationToken).ConfigureAwait(false)
        ?? await TokenizeByCompletionAsync(connection, model, text, cancellationToken).ConfigureAwait(false);

    /// <summary>Gateways may hide <c>/tokenize</c>; a completion of the text tells its ids where the server is new enough.</summary>
    private async Task<int[]?> TokenizeByCompletionAsync(ServerConnection connection, string model, string text, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> body = RequestBody.Write(json =>
        {
            WriteGreedy(json, model);
            json.WriteBoolean("return_token_ids", true);
            json.WriteString("prompt", text);
        });
        using ServerReply reply = await connection.PostAsync(CompletionPath, body.WrittenMemory, MostShortReplyBytes, cancellationToken).ConfigureAwait(false);
        JsonElement choice = reply.NeedFirst(reply.Root, "choices", JsonValueKind.Object);
        return ServerReply.Find(choice, "prompt_token_ids") is { ValueKind: JsonValueKind.Array } ids ? ReadIds(reply, ids, "prompt_token_ids") : null;
    }

    private static void WriteGreedy(Utf8JsonWriter json, string model)
    {
        json.WriteString("model", model);
        json.WriteNumber("max_tokens", 1);
        WritePlainSampling(json);
        json.WriteBoolean("add_special_tokens", false);
        json.WriteBoolean("skip_special_tokens", false);
        json.WriteBoolean("return_tokens_as_token_ids", true);
        json.WriteBoolean("stream", false);
    }

    private static List<(int Id, double LogProbability)> ReadPosition(ServerReply reply, JsonElement position, int index, int standing)
    {
        if (position.ValueKind != JsonValueKind.Object)
            throw reply.Malformed($"with prompt_logprobs that say nothing of position {index}");
        List<(int Id, double LogProbability)> tokens = [];
        foreach (JsonProperty entry in position.EnumerateObject())
        {
            string name = reply.NameOf(entry);
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw reply.Malformed($"with prompt_logprobs that name \"{name}\", which is no token id");
            tokens.Add((id, ReadLogProbability(reply.Need(entry.Value, JsonValueKind.Number, "logprob"), reply)));
        }

        return tokens.Exists(token => token.Id == standing)
            ? tokens
            : throw reply.Malformed($"with prompt_logprobs that lack the token {standing} at position {index}, so the prompt was not the one sent");
    }
}
