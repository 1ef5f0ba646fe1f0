using System.Text.Json.Nodes;
using CoLlm.Inference;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Expert.Tests.OpenAi.Servers;

/// <summary>llama.cpp's half: the native <c>/completion</c>, <c>/tokenize</c>, <c>/props</c>, <c>/v1/models</c>.</summary>
internal sealed class ServedLlamaCpp(InferenceEngine engine, Tokenizer tokenizer) : ServedDialect(engine, tokenizer)
{
    public override string CompletionPath => "/completion";

    public override async Task<(int Status, JsonObject Reply)> AnswerAsync(string path, JsonObject? request) => path switch
    {
        "/v1/models" => (200, new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray(new JsonObject
            {
                ["id"] = ModelName,
                ["owned_by"] = "llamacpp",
                ["meta"] = new JsonObject { ["n_vocab"] = Engine.Config.VocabularySize, ["n_ctx_train"] = 4096 },
            }),
        }),
        "/props" => (200, new JsonObject { ["default_generation_settings"] = new JsonObject { ["n_ctx"] = ContextTokens }, ["total_slots"] = 4 }),
        "/tokenize" => (200, new JsonObject { ["tokens"] = List(Tokenizer.Encode(request!["content"]!.GetValue<string>(), addSpecial: false)) }),
        "/completion" => await CompleteAsync(request!),
        _ => Missing,
    };

    private async Task<(int Status, JsonObject Reply)> CompleteAsync(JsonObject request)
    {
        int[] prompt = Ids(request["prompt"]);
        double[] row = (await RowsAsync(prompt, [prompt.Length - 1]))[0];
        int top = request["n_probs"]?.GetValue<int>() ?? 0;
        JsonObject reply = new()
        {
            ["tokens_evaluated"] = prompt.Length,
            ["truncated"] = false,
            ["model"] = ModelName,
            ["timings"] = new JsonObject { ["cache_n"] = prompt.Length - 1, ["prompt_n"] = 1 },
        };
        if (top > 0)
        {
            int id = request["logit_bias"] is { } bias ? bias[0]![0]!.GetValue<int>() : Heaviest(row, 1).Single();
            if (Tokenizer.Decode([id], skipSpecial: false).Contains('\uFFFD'))
                return (200, reply); // Half a character is held back, and its probabilities with it.
            JsonObject written = Entry(row, id);
            written["top_logprobs"] = new JsonArray([.. Heaviest(row, top).Select(heavy => (JsonNode)Entry(row, heavy))]);
            reply["completion_probabilities"] = new JsonArray(written);
        }

        return (200, reply);
    }

    private static JsonObject Entry(double[] row, int id) => new() { ["id"] = id, ["token"] = "x", ["bytes"] = new JsonArray(120), ["logprob"] = row[id] };
}
