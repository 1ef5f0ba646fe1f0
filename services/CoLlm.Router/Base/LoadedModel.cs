using CoLlm.Router.Hosting;
using CoLlm.Router.Telemetry;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace CoLlm.Router.Base;

/// <summary>
/// Loads the base model in the background, so that probes are answered meanwhile, and opens the expert pools once it is known what
/// they must fit. A model that cannot be loaded stops the process.
/// </summary>
internal sealed partial class LoadedModel(
    RouterOptions options, Readiness readiness, IHostApplicationLifetime lifetime, RouterTelemetry telemetry, EngineInstruments engines,
    TimeProvider time, ILogger<LoadedModel> logger)
    : IHostedService, IAsyncDisposable
{
    private Collaborators? _current;
    private Task _loading = Task.CompletedTask;

    /// <summary>Null while weights are still being loaded.</summary>
    public Collaborators? Current => Volatile.Read(ref _current);

    /// <summary>Ends when the model is there, or with the reason why it cannot be.</summary>
    public Task Loading => _loading;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        readiness.Await(Weights);
        _loading = Task.Run(Load, cancellationToken);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        // Packing large weights takes minutes, and a process that is told to stop does not wait for that.
        if (!_loading.IsCompleted)
        {
            _ = _loading.ContinueWith(_ => DisposeAsync().AsTask(), TaskScheduler.Default);
            return;
        }

        if (Interlocked.Exchange(ref _current, null) is { } collaborators)
            await collaborators.DisposeAsync().ConfigureAwait(false);
    }

    private string Weights => $"weights of {options.ModelName}";

    private void Load()
    {
        try
        {
            BaseModel model = BaseModelLoader.Load(options);
            foreach (string mismatch in model.SwapHead.AllowedMismatches)
                LogMismatch(mismatch);
            engines.Add(options.ModelName, model.Engine);
            Volatile.Write(ref _current, Collaborators.Create(options, model, telemetry, time, logger));
            LogLoaded(options.ModelName, model.Fingerprint, model.MaxSequenceTokens, model.UsableVocabularySize);
            readiness.Arrived(Weights);
        }
        catch (Exception exception)
        {
            LogFailed(options.ModelName, exception.Message);
            Environment.ExitCode = 1;

            // Not before the start is over, or stopping would look like a start that was cancelled.
            lifetime.ApplicationStarted.Register(lifetime.StopApplication);
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Model {Model} is loaded: base {Fingerprint}, sequences of up to {MaxSequenceTokens} tokens, {UsableVocabularySize} usable ids.")]
    private partial void LogLoaded(string model, string fingerprint, int maxSequenceTokens, int usableVocabularySize);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Allowed by SwapHead.AllowMismatch: {Mismatch}")]
    private partial void LogMismatch(string mismatch);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Model {Model} cannot be loaded: {Problem}")]
    private partial void LogFailed(string model, string problem);
}
