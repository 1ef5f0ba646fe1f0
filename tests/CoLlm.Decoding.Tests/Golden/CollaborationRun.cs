using System.Text.Json;
using CoLlm.Testing;

namespace CoLlm.Decoding.Tests.Golden;

/// <summary>One stored run of collaborative decoding with real checkpoints.</summary>
internal sealed record CollaborationRun(string Expert, string Prompt, float Threshold, int[] TokenIds, int[] FromExpert, float[] DeferralProbabilities)
{
    public static IReadOnlyList<CollaborationRun> All { get; } = Read();

    private static CollaborationRun[] Read()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(RepositoryPaths.Golden("expected", "co-llm-tiny", "collaborative.json")));
        return [.. document.RootElement.GetProperty("runs").EnumerateArray().Select(run => new CollaborationRun(
            run.GetProperty("expert").GetString()!,
            run.GetProperty("prompt").GetString()!,
            run.GetProperty("eta").GetSingle(),
            [.. run.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())],
            [.. run.GetProperty("from_expert").EnumerateArray().Select(origin => origin.GetInt32())],
            [.. run.GetProperty("defer_prob").EnumerateArray().Select(probability => probability.GetSingle())]))];
    }
}
