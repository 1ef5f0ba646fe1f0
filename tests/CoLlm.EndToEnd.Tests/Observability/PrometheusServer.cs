using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>A running Prometheus with our rules, that scrapes given processes every second.</summary>
internal sealed partial class PrometheusServer : IAsyncDisposable
{
    /// <summary>Bounds every wait; a test that gets near it has failed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    private readonly Process _process;
    private readonly TemporaryDirectory _folder;
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PrometheusServer(Process process, TemporaryDirectory folder)
    {
        _process = process;
        _folder = folder;
        process.ErrorDataReceived += (_, line) =>
        {
            if (Listening().Match(line.Data ?? "") is { Success: true } match)
                _address.TrySetResult("http://" + match.Groups[1].Value);
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Skips where Prometheus is missing; in CI nothing may be missing.</summary>
    public static void Require()
    {
        const string reason = "prometheus is missing; tests/CoLlm.Deploy.Tests/install-validators.sh installs it.";
        bool isInstalled = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "prometheus")));
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.True(isInstalled, reason);
        Assert.SkipUnless(isInstalled, reason);
    }

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="targets">Job and address of every process to scrape.</param>
    public static async Task<PrometheusServer> StartAsync(params (string Job, string Address)[] targets)
    {
        var folder = new TemporaryDirectory();
        string rules = Path.Combine(RepositoryPaths.Root, "deploy", "observability", "prometheus", "rules");

        // What production evaluates twice a minute, a test cannot wait for. A scrape that takes too long makes a target's series disappear, so it
        // may take a second.
        foreach (string file in Directory.EnumerateFiles(rules, "*.yml"))
            folder.Write(Path.GetFileName(file), (await File.ReadAllTextAsync(file)).Replace("interval: 30s", "interval: 500ms", StringComparison.Ordinal));
        string configuration = folder.Write("prometheus.yaml", $"""
            global: {"{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 500ms }"}
            rule_files: ["*.yml"]
            scrape_configs:
            {string.Join('\n', targets.GroupBy(target => target.Job).Select(job =>
                $"- {{ job_name: {job.Key}, static_configs: [{{ targets: [{string.Join(", ", job.Select(target => $"'{target.Address}'"))}] }}] }}"))}
            """);
        string[] arguments =
            [$"--config.file={configuration}", $"--storage.tsdb.path={folder.File("data")}", "--web.listen-address=127.0.0.1:0", "--enable-feature=exemplar-storage"];
        ProcessStartInfo start = new("prometheus", arguments) { RedirectStandardError = true };
        var server = new PrometheusServer(Process.Start(start)!, folder);
        try
        {
            await server.ReadyAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The samples of an expression now, each with its labels.</summary>
    public async Task<IReadOnlyList<(string Labels, double Value)>> QueryAsync(string expression)
    {
        JsonElement data = await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}");
        if (data.GetProperty("resultType").GetString() == "scalar")
            return [("", Parse(data.GetProperty("result")))];
        return [.. data.GetProperty("result").EnumerateArray().Select(sample => (
            sample.GetProperty("metric").GetRawText(), Parse(sample.GetProperty("value"))))];
    }

    /// <summary>Asks until the expression has a sample that is not zero.</summary>
    public async Task WhenTrueAsync(string expression)
    {
        using CancellationTokenSource limit = new(Limit);
        while (!(await QueryAsync(expression)).Any(sample => sample.Value != 0))
            Assert.False(limit.IsCancellationRequested, $"This never became true: {expression}");
    }

    /// <summary>Waits until so many processes have each answered a scrape that began after this moment.</summary>
    public async Task WhenScrapedAsync(int processCount)
    {
        double now = (await QueryAsync("time()"))[0].Value;
        await WhenTrueAsync(FormattableString.Invariant($"count(timestamp(up) > {now:F3} and up == 1) >= {processCount}"));
    }

    /// <summary>Asks for the exemplars of an expression, of all times, until one names the trace.</summary>
    /// <returns>That exemplar's labels.</returns>
    public async Task<string> WhenExemplarAsync(string expression, string traceId)
    {
        string path = $"/api/v1/query_exemplars?query={Uri.EscapeDataString(expression)}&start=0&end=4102444800";
        using CancellationTokenSource limit = new(Limit);
        while (true)
        {
            string[] labels = [.. (await GetAsync(path)).EnumerateArray().SelectMany(series => series.GetProperty("exemplars").EnumerateArray())
                .Select(exemplar => exemplar.GetProperty("labels").GetRawText())];
            if (Array.Find(labels, one => one.Contains(traceId, StringComparison.Ordinal)) is { } found)
                return found;
            Assert.False(limit.IsCancellationRequested, $"{expression} has the exemplars {string.Join(", ", labels)} and waited for {traceId}.");
        }
    }

    /// <summary>The rules as Prometheus has loaded them, once each has run: name, type, expression, and what evaluating them said.</summary>
    public async Task<IReadOnlyList<JsonElement>> RulesAsync()
    {
        using CancellationTokenSource limit = new(Limit);
        while (true)
        {
            JsonElement[] rules = [.. (await GetAsync("/api/v1/rules")).GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray())];
            if (rules.All(rule => rule.GetProperty("health").GetString() != "unknown"))
                return rules;
            limit.Token.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    /// <summary>A time and a value, the latter as Go writes it.</summary>
    private static double Parse(JsonElement sample) => sample[1].GetString() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        string text => double.Parse(text, CultureInfo.InvariantCulture),
        null => double.NaN,
    };

    /// <summary>It listens before it has read its data, and refuses questions until then.</summary>
    private async Task ReadyAsync()
    {
        string address = await _address.Task.WaitAsync(Limit);
        using CancellationTokenSource limit = new(Limit);
        while (true)
        {
            using HttpResponseMessage ready = await Http.GetAsync(new Uri(address + "/-/ready"), limit.Token);
            if (ready.IsSuccessStatusCode)
                return;
        }
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage response = await Http.GetAsync(new Uri(await _address.Task + path));
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{path}: {body}");
        return JsonDocument.Parse(body).RootElement.GetProperty("data");
    }

    [GeneratedRegex("msg=\"Listening on\" address=(\\S+)")]
    private static partial Regex Listening();
}
