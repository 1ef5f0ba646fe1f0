using System.Diagnostics.Metrics;
using CoLlm.Protocol.V1;
using CoLlm.Router.Base;
using CoLlm.Router.Experts;
using CoLlm.Router.Hosting;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace CoLlm.Router.Telemetry;

/// <summary>All instruments of the router, and what it reports of its models when asked. Safe to use from any thread.</summary>
internal sealed class RouterTelemetry
{
    public const string MeterName = "CoLlm.Router";

    private static readonly string[] ReplicaStates = ["ready", "draining", "unreachable"];

    private readonly Tag _model;
    private Collaborators? _collaborators;

    public RouterTelemetry(IMeterFactory meters, RouterOptions options)
    {
        Meter meter = meters.Create(MeterName);
        _model = new Tag("model", options.ModelName);
        Requests = new RequestInstruments(meter, options.ModelName);
        Tokens = new TokenInstruments(meter, options.ModelName);
        Experts = new ExpertInstruments(meter);
        meter.CreateObservableGauge(
            "collm.deferral.target_rate", TargetRate, "1", "Rate that the swap head's calibration promises at the default threshold.");
        meter.CreateObservableGauge("collm.expert.replicas", Replicas, "{replica}", "Replicas known, by state.");
    }

    public RequestInstruments Requests { get; }

    public TokenInstruments Tokens { get; }

    public ExpertInstruments Experts { get; }

    /// <summary>Reports on these models from now on.</summary>
    public void Observe(Collaborators collaborators) => Volatile.Write(ref _collaborators, collaborators);

    private IEnumerable<Measurement<double>> TargetRate()
    {
        return Volatile.Read(ref _collaborators) is { DefaultThreshold: { } threshold, Base.SwapHead.Calibration: { } table }
            ? [new Measurement<double>(table.RateFor(threshold), _model)]
            : [];
    }

    private IEnumerable<Measurement<long>> Replicas()
    {
        foreach (ExpertPool pool in Volatile.Read(ref _collaborators)?.Experts ?? [])
        {
            string[] states = [.. pool.Replicas.Select(StateOf)];
            foreach (string state in ReplicaStates)
                yield return new Measurement<long>(states.Count(found => found == state), new Tag("expert", pool.Name), new Tag("state", state));
        }
    }

    /// <summary>A replica that is full is well.</summary>
    private static string StateOf(ExpertReplica replica) => replica.Health switch
    {
        { IsAvailable: true } or { LastFailure: null or { IsOverload: true } } => "ready",
        { LastFailure.Reason: FailureReason.Draining } => "draining",
        _ => "unreachable",
    };
}
