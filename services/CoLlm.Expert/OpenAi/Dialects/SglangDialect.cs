using System.Buffers;
using System.Text.Json;

namespace CoLlm.Expert.OpenAi.Dialects;

/// <summary>
/// SGLang: its native <c>/generate</c>, because that takes and gives token ids. Log-probabilities come as lists of
/// <c>[log-probability, id, text]</c>.
/// </summary>
internal sealed class SglangDialect : ServerDialect
{
    public override string Name => "sglang";

    public override string CompletionPath => "generate";

    public override bool Scores => true;

    public override void WriteCompletion(Utf8JsonWriter json, string model, ReadOnlySpan<int> prompt, int topTokens)
    {
        WriteGreedy(json, newTokens: 1);
        if (topTokens > 0)
        {
            json.WriteBoolean("return_logprob", true);
            json.WriteNumber("logprob_start_len", -1); // Of what is generated alone: the prompt then comes from the prefix cache.
            json.WriteNumber("top_logprobs_num", topTokens);
        }

        WriteIds(json, "input_ids", prompt);
    }

    public override ReplyUsage ReadUsage(ServerReply reply)
    {
        JsonElement meta = reply.Need(reply.Root, JsonValueKind.Object, "meta_info");
        return new ReplyUsage(reply.NeedInt(meta, "prompt_tokens"), ServerReply.FindInt(meta, "cached_tokens"), Model: null);
    }

    public override List<(int Id, double LogProbability)> ReadTokens(ServerReply reply, TokenNames names)
    {
        JsonElement meta = reply.Need(reply.Root, JsonValueKind.Object, "meta_info");
        return ReadList(reply, reply.NeedFirst(meta, "output_top_logprobs", JsonValueKind.Array), "output_top_logprobs");
    }

    public override void WriteScoring(Utf8JsonWriter json, string model, ReadOnlySpan<int> prompt, int firstPosition, int topTokens)
    {
        WriteGreedy(json, newTokens: 0);
        json.WriteBoolean("return_logprob", true);
        json.WriteNumber("logprob_start_len", firstPosition - 1); // The first it lists has no log-probability: nothing before it was kept.
        json.WriteNumber("top_logprobs_num", topTokens);
        WriteIds(json, "input_ids", prompt);
    }

    public override IEnumerable<List<(int Id, double LogProbability)>> ReadScoring(ServerReply reply, ReadOnlyMemory<int> prompt, int firstPosition)
    {
        JsonElement meta = reply.Need(reply.Root, JsonValueKind.Object, "meta_info");
        JsonElement standing = reply.Need(meta, JsonValueKind.Array, "input_token_logprobs");
        JsonElement top = reply.Need(meta, JsonValueKind.Array, "input_top_logprobs");
        int listed = prompt.Length - firstPosition + 1;
        if (standing.GetArrayLength() != listed || top.GetArrayLength() != listed)
        {
            throw reply.Malformed(
                $"with {standing.GetArrayLength()} input_token_logprobs and {top.GetArrayLength()} input_top_logprobs where {listed} of each were asked for");
        }

        for (int i = 1; i < listed; i++)
            yield return ReadPosition(reply, standing[i], top[i], firstPosition + i - 1, prompt.Span[firstPosition + i - 1]);
    }

    public override async Task<int[]?> TokenizeAsync(ServerConnection connection, string model, string text, CancellationToken cancellationToken) =>
        await PostTokenizeAsync(connection, model, text, cancellationToken).ConfigureAwait(false)
        ?? await TokenizeByScoringAsync(connection, text, cancellationToken).ConfigureAwait(false);

    /// <summary>Older ones have no <c>/tokenize</c>, but list the ids of a text whose tokens they score. They put BOS before it.</summary>
    private async Task<int[]?> TokenizeByScoringAsync(ServerConnection connection, string text, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> body = RequestBody.Write(json =>
        {
            WriteGreedy(json, newTokens: 0);
            json.WriteBoolean("return_logprob", true);
            json.WriteNumber("logprob_start_len", 0);
            json.WriteString("text", text);
        });
        using ServerReply reply = await connection.PostAsync(CompletionPath, body.WrittenMemory, MostShortReplyBytes, cancellationToken).ConfigureAwait(false);
        JsonElement meta = reply.Need(reply.Root, JsonValueKind.Object, "meta_info");
        return [.. reply.Need(meta, JsonValueKind.Array, "input_token_logprobs").EnumerateArray().Select(entry => ReadId(reply, entry, "input_token_logprobs"))];
    }

    private static void WriteGreedy(Utf8JsonWriter json, int newTokens)
    {
        json.WriteStartObject("sampling_params");
        json.WriteNumber("max_new_tokens", newTokens);
        WritePlainSampling(json);
        json.WriteBoolean("skip_special_tokens", false);
        json.WriteEndObject();
        json.WriteBoolean("stream", false);
    }

    private static List<(int Id, double LogProbability)> ReadPosition(ServerReply reply, JsonElement standing, JsonElement top, int position, int sent)
    {
        int id = ReadId(reply, standing, "input_token_logprobs");
        if (id != sent)
            throw reply.Malformed($"with input_token_logprobs that have the token {id} at position {position} where {sent} was sent");
        if (top.ValueKind != JsonValueKind.Array)
            throw reply.Malformed($"with input_top_logprobs that say nothing of position {position}");
        List<(int Id, double LogProbability)> tokens = ReadList(reply, top, "input_top_logprobs");
        if (!tokens.Exists(token => token.Id == id))
            tokens.Add((id, ReadLogProbability(standing[0], reply)));
        return tokens;
    }

    private static List<(int Id, double LogProbability)> ReadList(ServerReply reply, JsonElement list, string name)
    {
        List<(int Id, double LogProbability)> tokens = new(list.GetArrayLength());
        foreach (JsonElement entry in list.EnumerateArray())
        {
            int id = ReadId(reply, entry, name);
            tokens.Add((id, ReadLogProbability(entry[0], reply)));
        }

        return tokens;
    }

    private static int ReadId(ServerReply reply, JsonElement entry, string name) => entry.ValueKind == JsonValueKind.Array && entry.GetArrayLength() >= 2
        ? reply.AsInt(entry[1], $"{name}[][1]")
        : throw reply.Malformed($"with {name} whose entries are no [log-probability, id, text]");
}
