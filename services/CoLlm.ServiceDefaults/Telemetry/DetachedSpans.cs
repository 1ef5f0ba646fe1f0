using System.Diagnostics;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>Starts and ends spans that do not become the current one: they belong to what they time and not to a flow of control.</summary>
public static class DetachedSpans
{
    /// <summary>Null where nobody listens or the sampler drops it.</summary>
    /// <param name="source">Which source.</param>
    /// <param name="name">Of a closed set.</param>
    /// <param name="kind">Internal, or client and server on the two sides of a wire.</param>
    /// <param name="parent">Of the same trace.</param>
    /// <param name="start">When it began; default: now.</param>
    /// <param name="link">A span that it goes on from; default: none.</param>
    public static Activity? Start(
        ActivitySource source, string name, ActivityKind kind, ActivityContext parent, DateTimeOffset start = default, ActivityContext link = default)
    {
        Activity? current = Activity.Current;
        Activity? span = source.StartActivity(name, kind, parent, tags: null, link == default ? null : [new ActivityLink(link)], start);
        Activity.Current = current;
        return span;
    }

    /// <param name="span">To be ended once.</param>
    /// <param name="end">When it ended; default: now.</param>
    public static void End(Activity span, DateTimeOffset end = default)
    {
        Activity? current = Activity.Current;
        if (end != default)
            span.SetEndTime(end.UtcDateTime);
        span.Stop();
        Activity.Current = current;
    }
}
