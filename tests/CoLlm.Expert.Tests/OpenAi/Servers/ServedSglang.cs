using System.Text.Json.Nodes;
using CoLlm.Inference;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Expert.Tests.OpenAi.Servers;

/// <summary>SGLang's half: the native <c>/generate</c>, and <c>/v1/models</c>. As in older ones there is no <c>/tokenize</c>.</summary>
internal sealed class ServedSglang(InferenceEngine engine, Tokenizer tokenizer) : ServedDialect(engine, tokenizer)
{
    public override string CompletionPath => "/generate";

    public override async Task<(int Status, JsonObject Reply)> AnswerAsync(string path, JsonObject? request) => path switch
    {
        "/v1/models" => (200, new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray(new JsonObject { ["id"] = ModelName, ["object"] = "model", ["owned_by"] = "sglang", ["max_model_len"] = ContextTokens }),
        }),
        "/generate" => await GenerateAsync(request!),
        _ => Missing,
    };

    private async Task<(int Status, JsonObject Reply)> GenerateAsync(JsonObject request)
    {
        int[] prompt = request["input_ids"] is { } ids ? Ids(ids) : Tokenizer.Encode(request["text"]!.GetValue<string>(), addSpecial: true);
        int top = request["top_logprobs_num"]?.GetValue<int>() ?? 0;
        int start = request["logprob_start_len"]?.GetValue<int>() ?? -1;
        JsonObject meta = new()
        {
            ["id"] = "1",
            ["finish_reason"] = new JsonObject { ["type"] = "length", ["length"] = 1 },
            ["prompt_tokens"] = prompt.Length,
            ["completion_tokens"] = 1,
            ["cached_tokens"] = 0,
        };
        int first = start < 0 ? prompt.Length : start, before = Math.Max(0, first - 1);
        double[][] rows = await RowsAsync(prompt, [.. Enumerable.Range(before, prompt.Length - before)]);
        if (request["return_logprob"]?.GetValue<bool>() == true)
        {
            meta["input_token_logprobs"] = new JsonArray([.. Enumerable.Range(first, prompt.Length - first)
                .Select(position => (JsonNode)Entry(position == first ? null : rows[position - 1 - before][prompt[position]], prompt[position]))]);
            meta["input_top_logprobs"] = new JsonArray([.. Enumerable.Range(first, prompt.Length - first)
                .Select(position => position == first ? null : (JsonNode)Top(rows[position - 1 - before], top))]);
            meta["output_token_logprobs"] = Top(rows[^1], 1);
            meta["output_top_logprobs"] = new JsonArray(Top(rows[^1], top));
        }

        return (200, new JsonObject { ["text"] = "x", ["meta_info"] = meta });
    }

    private static JsonArray Top(double[] row, int count) => [.. Heaviest(row, count).Select(id => (JsonNode)Entry(row[id], id))];

    private static JsonArray Entry(double? logProbability, int id) => [logProbability is { } value ? JsonValue.Create(value) : null, JsonValue.Create(id), null];
}
