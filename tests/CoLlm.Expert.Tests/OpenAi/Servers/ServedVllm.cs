using System.Text.Json.Nodes;
using CoLlm.Inference;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Expert.Tests.OpenAi.Servers;

/// <summary>vLLM's half: <c>/v1/completions</c>, <c>/v1/models</c>, <c>/tokenize</c>.</summary>
internal sealed class ServedVllm(InferenceEngine engine, Tokenizer tokenizer) : ServedDialect(engine, tokenizer)
{
    /// <summary>Names tokens by id where asked; older servers do not know how.</summary>
    public bool NamesTokensById { get; set; } = true;

    public int MaxLogprobs { get; set; } = 1000;

    public override string CompletionPath => "/v1/completions";

    public override async Task<(int Status, JsonObject Reply)> AnswerAsync(string path, JsonObject? request) => path switch
    {
        "/v1/models" => (200, new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray(new JsonObject { ["id"] = ModelName, ["object"] = "model", ["owned_by"] = "vllm", ["max_model_len"] = ContextTokens }),
        }),
        "/tokenize" => Tokenize(request!),
        "/v1/completions" => await CompleteAsync(request!),
        _ => Missing,
    };

    private (int Status, JsonObject Reply) Tokenize(JsonObject request)
    {
        int[] ids = Tokenizer.Encode(request["prompt"]!.GetValue<string>(), request["add_special_tokens"]!.GetValue<bool>());
        return (200, new JsonObject { ["count"] = ids.Length, ["max_model_len"] = ContextTokens, ["tokens"] = List(ids) });
    }

    private async Task<(int Status, JsonObject Reply)> CompleteAsync(JsonObject request)
    {
        int[] prompt = request["prompt"] is JsonArray list ? Ids(list) : Tokenizer.Encode(request["prompt"]!.GetValue<string>(), addSpecial: false);
        int top = request["logprobs"]?.GetValue<int>() ?? 0, promptTop = request["prompt_logprobs"]?.GetValue<int>() ?? 0;
        if (Math.Max(top, promptTop) > MaxLogprobs)
            return Error($"Requested sample logprobs of {Math.Max(top, promptTop)}, which is greater than max allowed: {MaxLogprobs}");
        if (prompt.Length + request["max_tokens"]!.GetValue<int>() > ContextTokens)
            return Error($"This model's maximum context length is {ContextTokens} tokens.");
        int[] rows = promptTop > 0 ? [.. Enumerable.Range(0, prompt.Length)] : [prompt.Length - 1];
        double[][] found = await RowsAsync(prompt, rows);
        int written = Heaviest(found[^1], 1).Single();
        bool byId = NamesTokensById && request["return_tokens_as_token_ids"]!.GetValue<bool>();
        JsonObject choice = new()
        {
            ["index"] = 0,
            ["text"] = Tokenizer.Decode([written], skipSpecial: false),
            ["finish_reason"] = "length",
            ["logprobs"] = top > 0 ? Logprobs(found[^1], written, top, byId) : null,
            ["prompt_logprobs"] = promptTop > 0 ? PromptLogprobs(found, prompt, promptTop) : null,
            ["prompt_token_ids"] = request["return_token_ids"] is null ? null : List(prompt),
        };
        return (200, new JsonObject
        {
            ["id"] = "cmpl-1",
            ["object"] = "text_completion",
            ["model"] = ModelName,
            ["choices"] = new JsonArray(choice),
            ["usage"] = new JsonObject { ["prompt_tokens"] = prompt.Length, ["completion_tokens"] = 1, ["total_tokens"] = prompt.Length + 1 },
        });
    }

    private JsonObject Logprobs(double[] row, int written, int top, bool byId)
    {
        JsonObject heaviest = [];
        foreach (int id in Heaviest(row, top))
            heaviest[Name(id, byId)] = Math.Max(row[id], -9999);
        return new JsonObject
        {
            ["tokens"] = new JsonArray(Name(written, byId)),
            ["token_logprobs"] = new JsonArray(row[written]),
            ["top_logprobs"] = new JsonArray(heaviest),
            ["text_offset"] = new JsonArray(0),
        };
    }

    private static JsonArray PromptLogprobs(double[][] rows, int[] prompt, int top)
    {
        JsonArray positions = [null];
        for (int position = 1; position < prompt.Length; position++)
        {
            double[] row = rows[position - 1];
            JsonObject entries = [];
            foreach (int id in Heaviest(row, top).Append(prompt[position]).Distinct())
                entries[$"{id}"] = new JsonObject { ["logprob"] = row[id], ["rank"] = 1, ["decoded_token"] = "x" };
            positions.Add(entries);
        }

        return positions;
    }

    private string Name(int id, bool byId) => byId ? $"token_id:{id}" : Tokenizer.Decode([70, id], skipSpecial: false)[Tokenizer.Decode([70], skipSpecial: false).Length..];

    private static (int Status, JsonObject Reply) Error(string message) =>
        (400, new JsonObject { ["error"] = new JsonObject { ["message"] = message, ["type"] = "BadRequestError", ["code"] = 400 } });
}
