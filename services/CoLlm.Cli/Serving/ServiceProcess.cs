using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using CoLlm.ServiceDefaults.Configuration;

namespace CoLlm.Cli.Serving;

/// <summary>
/// A service in a process of its own. It ends with this program, whatever ends that: this program holds the other end of its
/// standard input, and the service stops in good order when that closes.
/// </summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private const string Listening = "Listening on ";
    private const string Health = "Health on ";
    private const string Http = "HTTP on ";

    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly ServiceLog _log;
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Uri> _http = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Uri> _health = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServiceProcess(string name, Process process, ServiceLog log)
    {
        Name = name;
        Id = process.Id;
        (_process, _log) = (process, log);
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Exited = process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>What messages call it, such as <c>the router</c>.</summary>
    public string Name { get; }

    public int Id { get; }

    /// <summary>Where it serves gRPC; known once it is ready.</summary>
    public Uri Address => _address.Task.Result;

    /// <summary>Where applications come over HTTP; completes soon after it is ready, where its settings have such a place.</summary>
    public Task<Uri> HttpAddress => _http.Task;

    /// <summary>Completes when it has said where it listens.</summary>
    public Task Announced => _health.Task;

    /// <summary>Completes when the process has ended, for whatever reason.</summary>
    public Task Exited { get; }

    /// <summary>Valid once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Starts <c>serve SERVICE</c> with these settings.</summary>
    /// <param name="executable">This program.</param>
    /// <param name="service"><c>router</c> or <c>expert</c>.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="settings">What its configuration file says.</param>
    /// <param name="files">Path of its configuration and log, without extension.</param>
    /// <exception cref="ServiceProcessException">It cannot be started.</exception>
    public static ServiceProcess Start(ServiceExecutable executable, string service, string name, object settings, string files)
    {
        string configuration = files + ".json";
        try
        {
            File.WriteAllText(configuration, JsonSerializer.Serialize(settings));
            ProcessStartInfo start = new(
                executable.File, [.. executable.FirstArguments, "serve", service, "--config", configuration, "--stop-with-parent"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };

            // Settings of the environment are meant for services that somebody else starts.
            foreach (string variable in start.Environment.Keys.Where(key => key.StartsWith(ServiceConfiguration.EnvironmentPrefix, StringComparison.Ordinal)).ToArray())
                start.Environment.Remove(variable);
            ServiceLog log = new(files + ".log"); // Before the process: one that nobody listens to must not be left behind.
            return new ServiceProcess(name, Process.Start(start)!, log);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new ServiceProcessException($"{Sentence(name)} cannot be started: {exception.Message}", exception);
        }
    }

    /// <summary>Waits until it may be asked.</summary>
    /// <exception cref="ServiceProcessException">It ended, or took longer than the limit.</exception>
    public async Task ReadyAsync(HttpClient http, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(limit);
        string state = "It has not said where it listens.";
        try
        {
            if (await Task.WhenAny(_health.Task, Exited).WaitAsync(patience.Token) == Exited)
                throw new ServiceProcessException($"{Sentence(Name)} could not start: {Ending()}");
            Uri probe = new(await _health.Task, "readyz");
            state = $"{probe} does not answer.";
            while (await ProbeAsync(http, probe, patience.Token) is { } reason)
            {
                if (Exited.IsCompleted)
                    throw new ServiceProcessException($"{Sentence(Name)} could not start: {Ending()}");
                state = reason;
                await Task.Delay(Pause, patience.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServiceProcessException($"{Sentence(Name)} was not ready within {limit.TotalSeconds:0.#} s. {state} {_log.Tail()}");
        }
    }

    /// <summary>How the process ended, with the last it said and where the rest is.</summary>
    public string Ending()
    {
        int code = _process.ExitCode;
        string how = code > 128 && !OperatingSystem.IsWindows() ? $"it was killed by signal {code - 128}" : $"it ended with exit code {code}";
        return $"{how}. {_log.Tail()}\nIts log is {_log.Path}.";
    }

    /// <summary>Asks it to stop; running answers end first.</summary>
    public void BeginStop()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }

    /// <summary>Stops it in good order, and by force where that takes too long.</summary>
    public async ValueTask DisposeAsync()
    {
        BeginStop();
        try
        {
            await Exited.WaitAsync(StopTime);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            await Exited;
        }

        _process.Dispose();
        _log.Dispose();
    }

    /// <summary>Null when it is ready, else why not.</summary>
    private static async Task<string?> ProbeAsync(HttpClient http, Uri probe, CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage response = await http.GetAsync(probe, cancellationToken);
            return response.IsSuccessStatusCode ? null : (await response.Content.ReadAsStringAsync(cancellationToken)).Trim();
        }
        catch (HttpRequestException exception)
        {
            return $"{probe} does not answer: {exception.Message}";
        }
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        _log.Write(line);
        if (line.StartsWith(Listening, StringComparison.Ordinal) && Uri.TryCreate(line[Listening.Length..], UriKind.Absolute, out Uri? address))
            _address.TrySetResult(address);
        if (line.StartsWith(Health, StringComparison.Ordinal) && Uri.TryCreate(line[Health.Length..], UriKind.Absolute, out Uri? health))
            _health.TrySetResult(health);
        if (line.StartsWith(Http, StringComparison.Ordinal) && Uri.TryCreate(line[Http.Length..], UriKind.Absolute, out Uri? http))
            _http.TrySetResult(http);
    }

    private static string Sentence(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
