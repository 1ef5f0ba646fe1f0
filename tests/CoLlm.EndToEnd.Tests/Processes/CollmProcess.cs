using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Processes;

/// <summary>A running <c>collm serve</c> with the addresses it has printed; it ends with the tests, whatever ends them.</summary>
internal sealed partial class CollmProcess : IAsyncDisposable
{
    private const int Terminate = 15;
    private const int Kill9 = 9;

    /// <summary>Bounds every wait; a test that gets near it has failed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false });

    private readonly Process _process;
    private readonly TemporaryDirectory _folder;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<string> _health = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _http = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> _addresses = [];
    private readonly SemaphoreSlim _said = new(0);

    private CollmProcess(Process process, TemporaryDirectory folder)
    {
        _process = process;
        _folder = folder;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Where gRPC is served.</summary>
    public string Address
    {
        get
        {
            lock (_addresses)
                return _addresses[0];
        }
    }

    /// <summary>Where probes and scrapes are answered.</summary>
    public string HttpAddress => _health.Task.Result;

    /// <summary>Where applications that speak OpenAI's API come; for routers.</summary>
    public Task<string> OpenAiAddress => _http.Task.WaitAsync(Limit);

    public bool HasExited => _process.HasExited;

    /// <summary>Everything it has printed, for the message of a failed test.</summary>
    public string Output
    {
        get
        {
            lock (_addresses)
                return _output.ToString();
        }
    }

    /// <summary>Starts a service with these settings on free ports and waits until it is ready.</summary>
    /// <param name="service"><c>router</c> or <c>expert</c>.</param>
    /// <param name="settings">What its configuration file says.</param>
    /// <param name="environment">Variables besides those of this process; null: none.</param>
    public static async Task<CollmProcess> StartAsync(string service, object settings, IReadOnlyDictionary<string, string>? environment = null)
    {
        var folder = new TemporaryDirectory();
        string file = folder.Write("settings.json", JsonSerializer.Serialize(settings));
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "collm"), ["serve", service, "--config", file, "--stop-with-parent"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var process = new CollmProcess(Process.Start(start)!, folder);
        try
        {
            await process.ReadyAsync();
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until it has printed this: a log line may come later than what it tells of.</summary>
    public async Task SaysAsync(string text)
    {
        while (!Output.Contains(text, StringComparison.Ordinal))
            Assert.True(await _said.WaitAsync(Limit), $"It never said \"{text}\", but: {Output}");
    }

    /// <summary>Whether <c>/readyz</c> says that requests may be sent here.</summary>
    public async Task<bool> IsReadyAsync()
    {
        using HttpResponseMessage response = await Http.GetAsync(new Uri(await _health.Task + "/readyz"));
        return response.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>
    /// Asks it to stop, as an orchestrator does, and waits until it has said twice that it is not ready: its sessions are told beside the first
    /// such answer.
    /// </summary>
    public async Task BeginStopAsync()
    {
        Send(Terminate);
        using CancellationTokenSource limit = new(Limit);
        for (int refusals = 0; refusals < 2; refusals += await IsReadyAsync() ? 0 : 1)
            limit.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Asks it to stop and waits for its end, and for everything it has printed until then.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> StopAsync()
    {
        Send(Terminate);
        return ExitAsync();
    }

    /// <summary>Ends it without a chance to say goodbye.</summary>
    public async Task KillAsync()
    {
        Send(Kill9);
        await ExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    private async Task ReadyAsync()
    {
        Task ended = _process.WaitForExitAsync();
        Task first = await Task.WhenAny(_health.Task, ended).WaitAsync(Limit);
        Assert.True(first != ended, $"The process ended before it was ready: {Output}");
        using CancellationTokenSource limit = new(Limit);
        while (!await IsReadyAsync())
            limit.Token.ThrowIfCancellationRequested();
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        lock (_addresses)
        {
            _output.AppendLine(line);
            _said.Release();
            if (line.StartsWith("HTTP on ", StringComparison.Ordinal))
                _http.TrySetResult(line["HTTP on ".Length..].TrimEnd('/'));
            if (!line.StartsWith("Listening on ", StringComparison.Ordinal) && !line.StartsWith("Health on ", StringComparison.Ordinal))
                return;
            _addresses.Add(line[line.IndexOf("http", StringComparison.Ordinal)..].TrimEnd('/'));
            if (_addresses.Count == 2)
                _health.TrySetResult(_addresses[1]);
        }
    }

    private void Send(int signal)
    {
        if (SendSignal(_process.Id, signal) != 0)
            throw new InvalidOperationException($"Signal {signal} could not be sent: error {Marshal.GetLastPInvokeError()}.");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);
}
