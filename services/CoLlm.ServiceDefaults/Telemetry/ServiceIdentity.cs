using System.Reflection;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>What a process calls itself in everything it reports.</summary>
/// <param name="Service"><c>router</c> or <c>expert</c>: the label of metrics.</param>
/// <param name="Version">Of the software.</param>
public sealed record ServiceIdentity(string Service, string Version)
{
    /// <summary>
    /// Whether a call without a sampled context begins a trace. False for a service behind another of ours: where that one did not
    /// sample, spans of this one would be orphans.
    /// </summary>
    public bool StartsTraces { get; init; } = true;

    /// <summary>OpenTelemetry's <c>service.name</c>, unless the environment says otherwise.</summary>
    public string Name => "collm-" + Service;

    /// <summary>The service whose assembly holds <typeparamref name="T"/>.</summary>
    public static ServiceIdentity Of<T>(string service) => new(
        service, typeof(T).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "");
}
