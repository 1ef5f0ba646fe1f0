using CoLlm.Decoding;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Expert.OpenAi;
using CoLlm.Expert.Tests.OpenAi.LlamaCpp;
using CoLlm.Expert.Tests.OpenAi.Servers;

namespace CoLlm.EndToEnd.Tests.Laws;

/// <summary>An expert that an existing engine computes writes, greedily, what the same model in this process writes.</summary>
public sealed class ExistingEngineLawTests
{
    private const string Model = "pair-expert";

    /// <summary>What single precision and printing leave of a log-probability.</summary>
    private const float Tolerance = 1e-4f;

    [Theory]
    [InlineData(ServerFlavor.Vllm)]
    [InlineData(ServerFlavor.LlamaCpp)]
    public async Task Generate_ExpertIsAnExistingEngine_EqualsOneProcess(ServerFlavor flavor)
    {
        await using CompletionsServer server = await CompletionsServer.StartAsync(flavor);
        await CheckAsync(server.Address);
    }

    /// <summary>Run by hand: <c>tests/interop/README.md</c> has the commands.</summary>
    [Fact(Explicit = true)]
    public async Task Generate_ExpertIsLlamaCppsOwnServer_EqualsOneProcess()
    {
        int port = LlamaServerProcess.FreePort();
        using LlamaServerProcess server = LlamaServerProcess.Start(port);
        await CheckAsync($"http://127.0.0.1:{port}");
    }

    private static async Task CheckAsync(string server)
    {
        await using CollmProcess expert = await CollmProcess.StartAsync("expert", Settings.ExpertElsewhere(Model, server));
        await using CollmProcess router = await CollmProcess.StartAsync("router", Settings.Router(null, (Model, [expert.Address])));
        using RouterClient client = new(router);
        await using ModelsInProcess local = new(Model);
        foreach (string prompt in (string[])["short", "text"])
        {
            Scenario scenario = new() { Prompt = prompt, Threshold = 0.4f, MaxNewTokens = 40 };
            (IReadOnlyList<TokenRow> tokens, DecodingSummary summary) = await local.DecodeAsync(scenario, Model);

            Answered answer = await client.GenerateAsync(scenario.ToMessage());

            IReadOnlyList<TokenRow> written = TokenRow.Of(answer.Tokens);
            Assert.InRange(summary.Experts[0].CallCount, 1, 39);
            Assert.Equal(summary.Experts[0].CallCount, answer.Summary!.Experts[0].CallCount);
            Assert.Equal(tokens.Select(token => token with { LogProbability = 0 }), written.Select(token => token with { LogProbability = 0 }));
            Assert.All(tokens.Zip(written), pair => Assert.Equal(pair.First.LogProbability, pair.Second.LogProbability, Tolerance));
        }
    }
}
