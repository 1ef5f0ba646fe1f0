using System.Diagnostics.Metrics;
using CoLlm.ServiceDefaults.Health;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>What every service says of itself.</summary>
internal sealed class ServiceInstruments
{
    public const string MeterName = "CoLlm.Service";

    public ServiceInstruments(IMeterFactory meters, ServiceIdentity identity, Readiness readiness)
    {
        Meter meter = meters.Create(MeterName);
        KeyValuePair<string, object?> service = new("service", identity.Service);
        meter.CreateObservableGauge(
            "collm.ready", () => new Measurement<long>(readiness.NotReadyReason is null ? 1 : 0, service), "1", "1 while requests should be sent here.");
        meter.CreateObservableGauge(
            "collm.build.info", () => new Measurement<long>(1, service, new("version", identity.Version)), "1", "Which software runs; always 1.");
    }
}
