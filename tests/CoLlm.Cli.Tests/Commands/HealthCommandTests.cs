using CoLlm.ServiceDefaults.Listening;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace CoLlm.Cli.Tests.Commands;

/// <summary><c>collm health</c> against a server that is well, that is not, and that is not there.</summary>
public sealed class HealthCommandTests
{
    [Theory]
    [InlineData("", true, 0, "Serving\n")]
    [InlineData("", false, 1, "NotServing\n")]
    [InlineData("live", false, 0, "Serving\n")]
    public async Task Health_ServiceAnswers_ExitsAsItSays(string service, bool isReady, int exitCode, string error)
    {
        await using WebApplication server = await StartAsync(isReady);
        CollmRun run = await CollmRun.OfAsync("", "health", "--address", server.Urls.First(), "--service", service, "--timeout", "60");
        Assert.Equal((exitCode, error, ""), (run.ExitCode, run.Error, run.Output));
    }

    [Fact]
    public async Task Health_ServiceUnknown_SaysSo()
    {
        await using WebApplication server = await StartAsync(isReady: true);
        CollmRun run = await CollmRun.OfAsync("", "health", "--address", server.Urls.First(), "--service", "other", "--timeout", "60");
        Assert.Equal(2, run.ExitCode);
        Assert.EndsWith("(NotFound)\n", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_NobodyListens_EndsWithTwo()
    {
        CollmRun run = await CollmRun.OfAsync("", "health", "--address", "http://127.0.0.1:1", "--timeout", "60");
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("collm health: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1e9")]
    public async Task Health_TimeoutOutOfBounds_IsRefused(string seconds)
    {
        CollmRun run = await CollmRun.OfAsync("", "health", "--timeout", seconds);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
    }

    private static async Task<WebApplication> StartAsync(bool isReady)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ListenForGrpc("http://127.0.0.1:0", "", maxStreams: 16);
        builder.Services.AddGrpc();
        builder.Services.AddGrpcHealthChecks(health => health.Services.Map("live", check => check.Name == "live"))
            .AddCheck("ready", () => isReady ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy())
            .AddCheck("live", () => HealthCheckResult.Healthy());
        WebApplication server = builder.Build();
        server.MapGrpcHealthChecksService();
        await server.StartAsync();
        return server;
    }
}
