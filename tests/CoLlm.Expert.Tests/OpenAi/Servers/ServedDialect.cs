using System.Text.Json.Nodes;
using CoLlm.Inference;
using CoLlm.Inference.Sampling;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Expert.Tests.OpenAi.Servers;

/// <summary>The server's half of a dialect: the same replies that the real server of that name gives, made from an engine's logits.</summary>
internal abstract class ServedDialect(InferenceEngine engine, Tokenizer tokenizer)
{
    public InferenceEngine Engine => engine;

    public Tokenizer Tokenizer => tokenizer;

    /// <summary>The model's name in lists and replies.</summary>
    public string ModelName { get; set; } = "org/pair-expert";

    public int ContextTokens => engine.Config.MaxPositionCount + 1;

    /// <summary>The path of completions.</summary>
    public abstract string CompletionPath { get; }

    public abstract Task<(int Status, JsonObject Reply)> AnswerAsync(string path, JsonObject? request);

    protected static (int Status, JsonObject Reply) Missing => (404, new JsonObject { ["detail"] = "Not Found" });

    protected static int[] Ids(JsonNode? list) => [.. list!.AsArray().Select(id => id!.GetValue<int>())];

    protected static JsonArray List(IEnumerable<int> ids) => [.. ids.Select(id => JsonValue.Create(id))];

    /// <summary>Log-probabilities of all tokens at the wanted rows. <c>[rows][vocabulary]</c></summary>
    protected async Task<double[][]> RowsAsync(int[] prompt, int[] rows)
    {
        using InferenceSession session = await engine.OpenSessionAsync(prompt.Length);
        List<double[]> found = [];
        for (int start = 0, next = 0; start < prompt.Length; start += 64)
        {
            int count = Math.Min(64, prompt.Length - start);
            int[] wanted = [.. rows.Skip(next).TakeWhile(row => row < start + count)];
            next += wanted.Length;
            AdvanceResult result = await session.AdvanceAsync(prompt.AsMemory(start, count), wanted.Length > 0 ? WantedPositions.At(wanted) : WantedPositions.None);
            for (int i = 0; i < result.Count; i++)
                found.Add(LogProbabilities(result.Logits(i)));
        }

        return [.. found];
    }

    protected static IEnumerable<int> Heaviest(double[] row, int count) => Enumerable.Range(0, row.Length).OrderByDescending(id => row[id]).ThenBy(id => id).Take(count);

    private static double[] LogProbabilities(ReadOnlySpan<float> logits)
    {
        double logSumExp = VocabularyScan.LogSumExp(logits, new float[logits.Length]);
        double[] row = new double[logits.Length];
        for (int id = 0; id < row.Length; id++)
            row[id] = (float)(logits[id] - logSumExp); // Servers compute in single precision and print that.
        return row;
    }
}
