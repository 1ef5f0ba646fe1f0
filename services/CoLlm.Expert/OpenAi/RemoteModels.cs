using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Protocol.V1;
using Microsoft.Extensions.Logging;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// Brings models that servers elsewhere compute into the catalog, once a server is there, has the model and reads ids as we do; then
/// keeps an eye on it. A server that comes back is asked again who it is.
/// </summary>
internal sealed partial class RemoteModels(ModelCatalog catalog, SessionLimits limits, TimeProvider time, ILogger<RemoteModels> logger)
{
    /// <summary>Checks that fail in a row before the process says that it is not ready; one may be a hiccup.</summary>
    private const int FailuresUntilLost = 2;

    /// <summary>Serves one model until the process stops.</summary>
    /// <exception cref="BackendException">The server does not fit, or did not become ready within StartTimeout.</exception>
    public async Task ServeAsync(ExpertModelOptions model, CancellationToken stoppingToken)
    {
        OpenAiOptions options = model.OpenAi!;
        RemoteModelBuilder builder = new(model, limits, time);
        ExpertModel remote = await WaitAsync(model, builder, options, stoppingToken).ConfigureAwait(false);
        RemoteBackend backend = (RemoteBackend)remote.Backend;
        if (await builder.ReusesPrefixesAsync(backend, stoppingToken).ConfigureAwait(false) == false)
            LogNoPrefixCache(backend.Connection.Name);
        catalog.Add(remote);
        LogServed(model.Name, options.Endpoint, backend.Model.Dialect.Name, backend.Model.ContextTokens, options.TopTokens);
        await WatchAsync(model, builder, backend, stoppingToken).ConfigureAwait(false);
    }

    private async Task<ExpertModel> WaitAsync(ExpertModelOptions model, RemoteModelBuilder builder, OpenAiOptions options, CancellationToken stoppingToken)
    {
        long began = time.GetTimestamp();
        string? told = null;
        while (true)
        {
            try
            {
                return await builder.BuildAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (BackendException exception) when (IsWeather(exception) && time.GetElapsedTime(began) < options.StartTimeout)
            {
                if (told != exception.Message)
                    LogWaiting(model.Name, told = exception.Message);
                await Task.Delay(options.HealthInterval, time, stoppingToken).ConfigureAwait(false);
            }
        }
    }

    private async Task WatchAsync(ExpertModelOptions model, RemoteModelBuilder builder, RemoteBackend backend, CancellationToken stoppingToken)
    {
        int failures = 0;
        FailureReason? told = null;
        while (true)
        {
            await Task.Delay(model.OpenAi!.HealthInterval, time, stoppingToken).ConfigureAwait(false);
            SessionFault? fault = await backend.Connection.CheckHealthAsync(stoppingToken).ConfigureAwait(false);
            if (fault is null && failures >= FailuresUntilLost)
                fault = await builder.CheckSameAsync(backend, stoppingToken).ConfigureAwait(false);
            if (fault is null)
            {
                if (failures >= FailuresUntilLost)
                    LogBack(model.Name, backend.Connection.Name);
                (failures, told) = (0, null);
                catalog.SetServerReachable(model.Name, isReachable: true);
            }
            else if (++failures >= FailuresUntilLost && told != fault.Reason)
            {
                // Told once for each reason: that it is back but another one is news to whoever was told that it is gone.
                told = fault.Reason;
                LogLost(model.Name, fault.Message);
                catalog.SetServerReachable(model.Name, isReachable: false);
            }
        }
    }

    private static bool IsWeather(BackendException exception) => exception.Fault.Reason is FailureReason.ExpertUnavailable or FailureReason.Overloaded;

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Name} is computed at {Endpoint} ({Flavor}, context {ContextTokens}, {TopTokens} most probable tokens).")]
    private partial void LogServed(string name, string endpoint, string flavor, int contextTokens, int topTokens);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Name} is not there yet: {Problem}")]
    private partial void LogWaiting(string name, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Server} computed a prompt again that it had just computed; with its prefix cache off every deferral costs a whole prefill.")]
    private partial void LogNoPrefixCache(string server);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Model {Name} cannot be asked: {Problem}")]
    private partial void LogLost(string name, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Name} can be asked again: {Server} is well.")]
    private partial void LogBack(string name, string server);
}
