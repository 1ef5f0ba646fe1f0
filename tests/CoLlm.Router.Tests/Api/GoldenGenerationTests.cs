using System.Text.Json;
using CoLlm.Protocol.V1;
using CoLlm.Router.Tests.Peers;
using CoLlm.Testing;

namespace CoLlm.Router.Tests.Api;

/// <summary>Router and expert on both sides of a wire against the stored runs of the reference implementation, token for token.</summary>
public sealed class GoldenGenerationTests
{
    public static TheoryData<string, string, float> Runs
    {
        get
        {
            TheoryData<string, string, float> runs = [];
            foreach (JsonElement run in Stored())
                runs.Add(Text(run, "expert"), Text(run, "prompt"), run.GetProperty("eta").GetSingle());
            return runs;
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task Generate_StoredRun_GivesItsTokensAndOrigins(string expert, string prompt, float threshold)
    {
        await using var model = new EngineExpert(expert);
        await using ScriptedExpert server = await model.StartAsync();
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options(server.Address));

        Answered answer = await router.GenerateAsync(RouterUnderTest.Request(prompt, threshold));

        JsonElement run = Stored().Single(run =>
            Text(run, "expert") == expert && Text(run, "prompt") == prompt && run.GetProperty("eta").GetSingle() == threshold);
        Assert.Equal(Ints(run, "tokens"), answer.TokenIds);
        Assert.Equal(Ints(run, "from_expert"), answer.Tokens.Select(token => token.Origin == Origin.Expert ? 1 : 0));
        ExpertUsage usage = Assert.Single(answer.Summary!.Experts);
        int deferrals = Ints(run, "from_expert").Sum();
        Assert.Equal((deferrals, deferrals, deferrals), (usage.TokenCount, usage.CallCount, usage.PassCount));
        Assert.Equal(FinishReason.MaxTokens, answer.Summary.FinishReason);
        Assert.Equal(0, router.Statistics.KvBlocksReserved);
    }

    private static JsonElement[] Stored()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(RepositoryPaths.Golden("expected", "co-llm-tiny", "collaborative.json")));
        return [.. document.RootElement.GetProperty("runs").EnumerateArray().Select(run => run.Clone())];
    }

    private static string Text(JsonElement run, string name) => run.GetProperty(name).GetString()!;

    private static int[] Ints(JsonElement run, string name) => [.. run.GetProperty(name).EnumerateArray().Select(value => value.GetInt32())];
}
