using System.Diagnostics;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>What the processes offer to Prometheus, judged by Prometheus' own tool.</summary>
[Collection<TracedServicesCollection>]
public sealed class ScrapeTests(TracedServices services)
{
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0";

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    [Fact]
    public async Task Metrics_OfBothProcesses_AreCleanForPromtool()
    {
        RequirePromtool();
        await services.Router.GenerateAsync(new Scenario().ToMessage());

        Assert.Equal("", await CheckAsync(await ScrapeAsync(services.Router.Process, "text/plain")));
        Assert.Equal("", await CheckAsync(await ScrapeAsync(services.Expert, "text/plain")));
    }

    [Fact]
    public async Task Metrics_SampledRequest_IsTheExemplarOfItsBuckets()
    {
        await services.Router.GenerateAsync(new Scenario().ToMessage());

        string router = await ScrapeAsync(services.Router.Process, OpenMetrics);
        string expert = await ScrapeAsync(services.Expert, OpenMetrics);
        await services.Sink.WhenAsync(sink => TracesIn(router).Concat(TracesIn(expert)).All(trace => sink.Trace(trace).Count > 0));

        Assert.Contains(router.Split('\n'), line => line.StartsWith("collm_answer_duration_seconds_bucket", StringComparison.Ordinal) && line.Contains(" # {trace_id=", StringComparison.Ordinal));
        Assert.Contains(expert.Split('\n'), line => line.StartsWith("collm_ask_compute_seconds_bucket", StringComparison.Ordinal) && line.Contains(" # {trace_id=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_UnsampledRequests_LeaveNoExemplar()
    {
        await services.Unsampled.GenerateAsync(new Scenario().ToMessage());

        Assert.DoesNotContain(" # {", await ScrapeAsync(services.Unsampled.Process, OpenMetrics), StringComparison.Ordinal);
    }

    /// <summary>The traces that exemplars name.</summary>
    private static IEnumerable<string> TracesIn(string scrape) => scrape.Split("trace_id=\"").Skip(1).Select(rest => rest[..32]).Distinct();

    private static async Task<string> ScrapeAsync(CollmProcess process, string accept)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, process.HttpAddress + "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await Http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
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
