using System.Diagnostics;
using CoLlm.EndToEnd.Tests.InProcess;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>What the processes offer to Prometheus, judged by Prometheus' own tool.</summary>
[Collection<TracedServicesCollection>]
public sealed class ScrapeTests(TracedServices services)
{
    [Fact]
    public async Task Metrics_OfBothProcesses_AreCleanForPromtool()
    {
        RequirePromtool();
        await services.Router.GenerateAsync(new Scenario().ToMessage());

        Assert.Equal("", await CheckAsync(await Scrape.ReadAsync(services.Router.Process, "text/plain")));
        Assert.Equal("", await CheckAsync(await Scrape.ReadAsync(services.Expert, "text/plain")));
    }

    /// <summary>Everything that <c>promtool check metrics</c> has to say.</summary>
    private static async Task<string> CheckAsync(string metrics)
    {
        using Process promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = promtool.StandardOutput.ReadToEndAsync();
        Task<string> error = promtool.StandardError.ReadToEndAsync();
        await promtool.StandardInput.WriteAsync(metrics);
        promtool.StandardInput.Close();
        await promtool.WaitForExitAsync();
        string said = await output + await error;
        return promtool.ExitCode == 0 ? said : $"{said}exit code {promtool.ExitCode}";
    }

    private static void RequirePromtool()
    {
        const string reason = "promtool is missing; tests/CoLlm.Deploy.Tests/install-validators.sh installs it.";
        bool isInstalled = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "promtool")));
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.True(isInstalled, reason);
        Assert.SkipUnless(isInstalled, reason);
    }
}
