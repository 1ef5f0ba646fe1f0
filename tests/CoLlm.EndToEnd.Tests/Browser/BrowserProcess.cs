using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Browser;

/// <summary>A real Chromium, driven by <c>tests/interop/node/browser.js</c>; it starts with the first request and ends with the tests.</summary>
public sealed class BrowserProcess : IAsyncDisposable
{
    private const string Reason = "Chromium or playwright-core is not installed; tests/interop/install-peers.sh installs them.";

    /// <summary>Longer than the driver waits for anything, so that it is the one to say what did not come.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string Folder = Path.Combine(RepositoryPaths.Root, "tests", "interop", "node");

    private Process? _process;

    /// <summary>Opens the page in a window of its own.</summary>
    internal Task OpenAsync(string address, int width = 1200, int height = 800, string scheme = "light", params object[] scripted) =>
        DoAsync("open", new { address, width, height, scheme, scripted });

    /// <summary>Opens the page unless any is open: for what depends on nothing that is shown.</summary>
    internal Task OpenAnyAsync(string address) => _process is null ? OpenAsync(address) : Task.CompletedTask;

    internal Task LoadAsync(string address) => DoAsync("load", new { address });

    /// <summary>Sets controls by their ids.</summary>
    internal Task SetAsync(params (string Id, string Value)[] values) =>
        DoAsync("set", new { values = values.ToDictionary(value => value.Id, value => value.Value) });

    /// <summary>Asks, waits for the end, and looks.</summary>
    internal async Task<SeenPage> AskAsync(string prompt)
    {
        await DoAsync("ask", new { prompt });
        return await LookAsync();
    }

    internal Task BeginAsync(string prompt) => DoAsync("ask", new { prompt, leaves = true });

    internal Task WhenEndedAsync() => DoAsync("end", new { });

    internal Task ClickAsync(string on) => DoAsync("click", new { on });

    internal Task HoverAsync(string on) => DoAsync("hover", new { on });

    internal Task PressAsync(params string[] keys) => DoAsync("press", new { keys });

    internal Task TypeAsync(string text) => DoAsync("type", new { text });

    /// <summary>Waits until there are so many elements.</summary>
    internal Task WaitAsync(string on, int count) => DoAsync("wait", new { on, count });

    internal async Task<SeenPage> LookAsync() => (await DoAsync("look", new { })).Deserialize<SeenPage>(Options)!;

    /// <summary>What a checker of accessibility finds wrong.</summary>
    internal async Task<string[]> AuditAsync() => (await DoAsync("audit", new { })).Deserialize<string[]>()!;

    /// <summary>What the list to double-check says of tokens.</summary>
    internal async Task<SeenWord[]> WordsAsync(string[] texts, int[] contested) =>
        (await DoAsync("words", new { texts, contested })).Deserialize<SeenWord[]>(Options)!;

    /// <summary>The list after these tokens have come one by one.</summary>
    internal async Task<SeenWord[]> ListAsync(string[] texts, int[] contested) =>
        (await DoAsync("list", new { texts, contested })).Deserialize<SeenWord[]>(Options)!;

    /// <summary>What the page reads out of events that come in pieces of so many bytes.</summary>
    internal async Task<string[]> EventsAsync(string text, int size) => (await DoAsync("events", new { text, size })).Deserialize<string[]>()!;

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Limit);
        _process.Dispose();
    }

    private async Task<JsonElement> DoAsync(string what, object arguments)
    {
        _process ??= await StartAsync();
        Dictionary<string, object?> request = JsonSerializer.SerializeToElement(arguments, Options).EnumerateObject()
            .ToDictionary(property => property.Name, property => (object?)property.Value);
        request["do"] = what;
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(request, Options));
        await _process.StandardInput.FlushAsync();
        return (await ReadAsync(_process)).GetProperty("result");
    }

    /// <summary>Where it is not installed the test is skipped, or fails in CI, where nothing may be missing.</summary>
    private static async Task<Process> StartAsync()
    {
        string? chromium = Find("chromium");
        bool isInstalled = chromium is not null && Find("node") is not null && Directory.Exists(Path.Combine(Folder, "node_modules", "playwright-core"));
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.True(isInstalled, Reason);
        Assert.SkipUnless(isInstalled, Reason);
        ProcessStartInfo start = new("node", [Path.Combine(Folder, "browser.js"), chromium!]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        Process process = Process.Start(start)!;
        Assert.True((await ReadAsync(process)).GetProperty("ready").GetBoolean());
        return process;
    }

    private static async Task<JsonElement> ReadAsync(Process process)
    {
        string? line = await process.StandardOutput.ReadLineAsync().WaitAsync(Limit);
        Assert.True(line is not null, "The browser's driver ended; what it wrote to its error output is in the log of the test run.");
        JsonElement answer = JsonDocument.Parse(line).RootElement;
        Assert.False(answer.TryGetProperty("error", out JsonElement error), error.ToString());
        return answer;
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
