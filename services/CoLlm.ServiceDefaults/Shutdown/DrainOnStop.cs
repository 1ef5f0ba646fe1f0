using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Shutdown;

/// <summary>
/// Drains before the server closes its listeners: hosts call <see cref="StoppingAsync"/> ahead of every StopAsync, so probes
/// still get their answer ("not ready") while running generations finish.
/// </summary>
internal sealed partial class DrainOnStop(DrainGate gate, DrainOptions options, TimeProvider time, ILogger<DrainOnStop> logger)
    : IHostedLifecycleService
{
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        LogDraining(gate.WorkCount, options.Timeout);
        int cutOff = await gate.DrainAsync(options.Timeout, time, cancellationToken).ConfigureAwait(false);
        if (cutOff > 0)
            LogCutOff(cutOff, options.Timeout);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopping: not ready from now on; {WorkCount} running requests may finish within {Timeout}.")]
    private partial void LogDraining(int workCount, TimeSpan timeout);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{CutOff} requests did not finish within the drain timeout of {Timeout} and are ended.")]
    private partial void LogCutOff(int cutOff, TimeSpan timeout);
}
