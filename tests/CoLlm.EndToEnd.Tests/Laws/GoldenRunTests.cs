using System.Text.Json;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.Protocol.V1;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Laws;

/// <summary>The stored runs of the reference implementation, by two services, token for token; and what they may cost.</summary>
[Collection<SharedServicesCollection>]
public sealed class GoldenRunTests(SharedServices services)
{
    private static readonly JsonElement[] Stored = Read();

    public static TheoryData<int> Runs => [.. Enumerable.Range(0, Stored.Length)];

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task Generate_StoredRun_GivesItsTokensAndOrigins(int index)
    {
        JsonElement run = Stored[index];
        Scenario scenario = new() { Prompt = run.GetProperty("prompt").GetString()!, Threshold = run.GetProperty("eta").GetSingle() };
        Answered answer = await services.With(run.GetProperty("expert").GetString()!).GenerateAsync(scenario.ToMessage());

        Assert.Equal(Ints(run, "tokens"), answer.TokenIds);
        Assert.Equal(Ints(run, "from_expert"), answer.Tokens.Select(token => token.Origin == Origin.Expert ? 1 : 0));
        Assert.Equal(FinishReason.MaxTokens, answer.Summary!.FinishReason);
        AssertCheap(answer, Ints(run, "from_expert").Sum());
    }

    /// <summary>One pass for each deferral and one for the prompt; no position is computed twice, on either side.</summary>
    private static void AssertCheap(Answered answer, int deferrals)
    {
        Summary summary = answer.Summary!;
        ExpertUsage usage = Assert.Single(summary.Experts);
        int positions = summary.PromptTokenCount + summary.TokenCount;
        Assert.Equal((deferrals, deferrals, 0), (usage.TokenCount, usage.CallCount, usage.FailedCallCount));
        Assert.InRange(usage.PassCount, deferrals == 0 ? 0 : deferrals, deferrals == 0 ? 0 : deferrals + 1);
        Assert.InRange(usage.ComputedTokenCount, 0, positions); // Fewer than the prompt where an earlier run has left it in the cache.
        Assert.InRange(summary.BaseComputedTokenCount, positions - 1, positions);
    }

    private static JsonElement[] Read()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(RepositoryPaths.Golden("expected", "co-llm-tiny", "collaborative.json")));
        return [.. document.RootElement.GetProperty("runs").EnumerateArray().Select(run => run.Clone())];
    }

    private static int[] Ints(JsonElement run, string name) => [.. run.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];
}
