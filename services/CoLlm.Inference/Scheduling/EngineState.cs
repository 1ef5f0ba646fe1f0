using CoLlm.Inference.KvCache;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Scheduling;

/// <summary>What the engine's parts share. Everything in it is read and written under <see cref="Gate"/> alone.</summary>
internal sealed class EngineState(ModelConfig config, InferenceEngineOptions options, KvBlockPool pool)
{
    /// <summary>The engine's one lock; pulsed when the loop has something to do. Never held while the backend computes.</summary>
    public object Gate { get; } = new();

    public ModelConfig Config { get; } = config;

    public InferenceEngineOptions Options { get; } = options;

    public KvBlockPool Pool { get; } = pool;

    /// <summary>The backend makes of wanted rows what calls want of them.</summary>
    public bool BackendReduces { get; init; }

    /// <summary>All sessions that hold a place and a reservation.</summary>
    public HashSet<SessionState> Open { get; } = new(options.MaxSessions);

    /// <summary>Sessions with a call in flight; who waited longest comes first.</summary>
    public List<SessionState> Active { get; } = new(options.MaxSessions);

    /// <summary>Sessions without a call whose appended tokens may ride along with a step.</summary>
    public List<SessionState> Riding { get; } = new(options.MaxSessions);

    public EngineCounters Counters { get; } = new();

    /// <summary>Counts the steps that have been finished.</summary>
    public long StepNumber { get; set; }

    /// <summary>Sessions that the last step answered and that have not called again.</summary>
    public int Awaited { get; set; }

    /// <summary>No new sessions: draining, or stopped.</summary>
    public bool Draining { get; set; }

    /// <summary>When the step at hand began, on the stopwatch's clock.</summary>
    public long StepBegan { get; set; }

    /// <summary>How long the step just computed took.</summary>
    public TimeSpan StepTime { get; set; }

    /// <summary>Called when a place or a reservation has come back.</summary>
    public Action CapacityFreed { get; set; } = static () => { };
}
