using CoLlm.Expert.Hosting;
using CoLlm.Expert.OpenAi;
using CoLlm.Expert.Tests.OpenAi.Servers;
using CoLlm.Inference.Cpu;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.Testing;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace CoLlm.Expert.Tests.Hosting;

public sealed class ExpertHostTests
{
    [Theory]
    [InlineData("")]
    [InlineData(Liveness.Service)]
    public async Task Health_ModelsLoaded_IsServing(string service)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();

        HealthCheckResponse health = await new Health.HealthClient(expert.Channel).CheckAsync(new HealthCheckRequest { Service = service });

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
    }

    [Fact]
    public Task Start_ModelCannotBeLoaded_StopsTheProcessInGoodOrder() =>
        CheckStopsAsync(new ExpertModelOptions { Name = "missing", Directory = RepositoryPaths.Golden("models", "missing") });

    [Fact]
    public async Task Start_ServerElsewhereDoesNotFit_StopsTheProcessInGoodOrder()
    {
        await using CompletionsServer server = await CompletionsServer.StartAsync(ServerFlavor.Vllm);
        ExpertModelOptions model = server.Options();
        await CheckStopsAsync(model with { OpenAi = model.OpenAi! with { Model = "org/another" } });
    }

    [Fact]
    public void FindProblems_SeveralMistakes_NamesThemAll()
    {
        ExpertOptions options = new()
        {
            Listen = "nowhere",
            Limits = new SessionLimits { CreditTokens = 8, FlushTokens = 8, IdleTimeout = TimeSpan.FromSeconds(-1), RetryAfter = TimeSpan.FromDays(30) },
            Drain = new DrainOptions { Timeout = TimeSpan.FromHours(2) },
        };

        Assert.Equal(
            ["Listen:", "Models", "Limits.CreditTokens", "Limits.IdleTimeout", "Limits.RetryAfter", "Drain.Timeout"],
            options.FindProblems().Select(problem => problem.Split(' ')[0]));
    }

    [Fact]
    public void FindProblems_QuantisedWeightsOnAGpu_AreRefused()
    {
        ExpertOptions options = new() { Models = [new() { Name = "m", Directory = "d", Device = "cuda:0", WeightFormat = WeightFormat.Int4 }] };

        Assert.Equal(["Models: \"m\" has the device cuda:0 and the weight format Int4; quantised weights are for the device cpu."], options.FindProblems());
    }

    /// <summary>The process has one exit code: whoever looks at it must do so in this class, whose tests run one after another.</summary>
    private static async Task CheckStopsAsync(ExpertModelOptions model)
    {
        int exitCode = Environment.ExitCode;
        try
        {
            await using WebApplication app = ExpertHost.Build(new ExpertOptions { Listen = "http://127.0.0.1:0", Models = [model] });
            await app.StartAsync();
            await app.WaitForShutdownAsync();
            Assert.Equal(1, Environment.ExitCode);
        }
        finally
        {
            Environment.ExitCode = exitCode;
        }
    }
}
