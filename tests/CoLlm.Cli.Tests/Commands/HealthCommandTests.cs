using CoLlm.ServiceDefaults.Listening;
using CoLlm.Testing.Certificates;
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

    [Fact]
    public async Task Health_ServiceSpeaksTls_IsTrustedByItsAuthority()
    {
        using TestAuthority authority = new();
        authority.Issue("server", ["collm.example"]);
        authority.Issue("client", []);
        await using WebApplication server = await StartAsync(isReady: true, authority);
        string[] trusted = ["--ca", authority.CaPath, "--cert", authority.CertificatePath("client"), "--key", authority.KeyPath("client")];

        CollmRun run = await AskAsync(server, [.. trusted, "--server-name", "collm.example"]);
        Assert.Equal((0, "Serving\n"), (run.ExitCode, run.Error));
        Assert.Equal(2, (await AskAsync(server, trusted)).ExitCode);
        Assert.Equal(2, (await AskAsync(server, ["--ca", authority.CaPath, "--server-name", "collm.example"])).ExitCode);
        Assert.Equal(2, (await AskAsync(server, [])).ExitCode);
    }

    [Fact]
    public async Task Health_FileCannotBeUsed_NamesTheOption()
    {
        CollmRun run = await CollmRun.OfAsync("", "health", "--address", "https://127.0.0.1:1", "--ca", "/nowhere");
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("collm health: --ca: /nowhere cannot be read: ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--address", "https://127.0.0.1:1", "--cert", "a.crt")]
    [InlineData("--address", "https://127.0.0.1:1", "--key", "a.key")]
    [InlineData("--address", "http://127.0.0.1:1", "--ca", "ca.crt")]
    [InlineData("--address", "http://127.0.0.1:1", "--server-name", "a")]
    public async Task Health_OptionsThatDoNotFit_AreRefused(params string[] options) =>
        Assert.Equal(1, (await CollmRun.OfAsync("", ["health", .. options])).ExitCode);

    [Theory]
    [InlineData("0")]
    [InlineData("1e9")]
    public async Task Health_TimeoutOutOfBounds_IsRefused(string seconds)
    {
        CollmRun run = await CollmRun.OfAsync("", "health", "--timeout", seconds);
        Assert.Equal((1, ""), (run.ExitCode, run.Output));
    }

    private static Task<CollmRun> AskAsync(WebApplication server, string[] options) =>
        CollmRun.OfAsync("", ["health", "--address", server.Urls.First(), "--timeout", "60", .. options]);

    private static async Task<WebApplication> StartAsync(bool isReady, TestAuthority? authority = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ListenAt(new Listeners
        {
            Grpc = authority is null ? "http://127.0.0.1:0" : "https://127.0.0.1:0",
            MaxStreams = 16,
            Tls = authority is null ? null : new()
            {
                Certificate = new() { Path = authority.CertificatePath("server"), KeyPath = authority.KeyPath("server") },
                ClientCaPath = authority.CaPath,
            },
        });
        builder.Services.AddSingleton(TimeProvider.System);
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
