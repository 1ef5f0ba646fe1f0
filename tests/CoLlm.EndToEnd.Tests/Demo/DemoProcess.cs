using System.Diagnostics;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace CoLlm.EndToEnd.Tests.Demo;

/// <summary>A running <c>collm demo</c>, as a person would start it, with what it has printed.</summary>
internal sealed partial class DemoProcess : IAsyncDisposable
{
    private const string Terminate = "-TERM";
    private const string Kill9 = "-KILL";

    /// <summary>Bounds every wait; a test that gets near it has failed. The demo's own limit is a little shorter, so that it can say what failed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Task _reading;
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly List<(Func<string, bool> Wanted, TaskCompletionSource Seen)> _waiting = [];
    private readonly Task<string> _error;

    private DemoProcess(Process process)
    {
        _process = process;
        _error = process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    public string Output
    {
        get
        {
            lock (_gate)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Its services as it has printed them.</summary>
    public (int Process, int Port)[] Services =>
        [.. ServiceLine().Matches(Output).Select(match => (int.Parse(match.Groups["process"].Value), int.Parse(match.Groups["port"].Value)))];

    public static DemoProcess Start(params string[] arguments) => Start([], arguments);

    public static DemoProcess Start((string Name, string Value)[] environment, params string[] arguments)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "collm"), ["demo", "--start-limit", "170", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return new DemoProcess(Process.Start(start)!);
    }

    /// <summary>Waits until it prints a line with this text.</summary>
    public async Task SaysAsync(string text)
    {
        TaskCompletionSource seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_lines.Any(line => line.Contains(text, StringComparison.Ordinal)))
                return;
            _waiting.Add((line => line.Contains(text, StringComparison.Ordinal), seen));
        }

        Task first = await Task.WhenAny(seen.Task, _reading).WaitAsync(Limit);
        Assert.True(first == seen.Task, $"The demo ended without \"{text}\": {Output}\n{(first == seen.Task ? "" : await _error)}");
    }

    public Task TerminateAsync() => SendAsync(Terminate, _process.Id);

    public Task KillAsync() => SendAsync(Kill9, _process.Id);

    public static Task KillAsync(int process) => SendAsync(Kill9, process);

    /// <summary>Waits for its end.</summary>
    public async Task<(int ExitCode, string Error)> ExitAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        await _reading.WaitAsync(Limit);
        return (_process.ExitCode, await _error.WaitAsync(Limit));
    }

    /// <summary>Waits until nobody listens at the services' ports: a process that was killed may stay listed until its parent asks.</summary>
    public async Task WhenServicesAreGoneAsync()
    {
        (int Process, int Port)[] services = Services;
        Assert.NotEmpty(services);
        using CancellationTokenSource limit = new(Limit);
        foreach ((_, int port) in services)
        {
            while (await IsListeningAsync(port, limit.Token))
                limit.Token.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            await KillAsync();
        await _process.WaitForExitAsync().WaitAsync(Limit);
        _process.Dispose();
    }

    private static async Task<bool> IsListeningAsync(int port, CancellationToken cancellationToken)
    {
        using TcpClient client = new();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task SendAsync(string signal, int process)
    {
        using Process kill = Process.Start("kill", [signal, $"{process}"]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (_gate)
            {
                _lines.Add(line);
                foreach ((_, TaskCompletionSource seen) in _waiting.Where(entry => entry.Wanted(line)))
                    seen.TrySetResult();
            }
        }
    }

    [GeneratedRegex(@"process (?<process>\d+) at 127\.0\.0\.1:(?<port>\d+)")]
    private static partial Regex ServiceLine();
}
