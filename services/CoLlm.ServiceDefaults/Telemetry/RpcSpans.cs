using System.Collections.Frozen;
using System.Diagnostics;
using System.Text.Json;
using Grpc.Core;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>Spans of gRPC methods and of HTTP requests, and how their context crosses the wire.</summary>
public static class RpcSpans
{
    public const string SourceName = "CoLlm.Rpc";

    /// <summary>W3C trace context, as any client sends it.</summary>
    public const string TraceParent = "traceparent";

    public const string TraceState = "tracestate";

    /// <summary>The span that a replayed session goes on from, written like <see cref="TraceParent"/>; becomes a link.</summary>
    public const string ReplayOf = "collm-replay-of";

    private static readonly ActivitySource Source = new(SourceName);

    private static readonly FrozenDictionary<StatusCode, string> Names = Enum.GetValues<StatusCode>().ToFrozenDictionary(
        code => code, code => code == StatusCode.OK ? "OK" : JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString()));

    /// <summary>As the conventions spell it, such as <c>DEADLINE_EXCEEDED</c>.</summary>
    public static string NameOf(StatusCode status) => Names.TryGetValue(status, out string? name) ? name : Names[StatusCode.Unknown];

    /// <summary>
    /// Opens the span of a call and makes it the current one. Null where nobody listens, for calls that are not traced (health,
    /// reflection, descriptions), and in a service that starts no traces where the caller's was not sampled.
    /// </summary>
    internal static Activity? Start(string method, Metadata headers, ServiceIdentity identity)
    {
        if (!Source.HasListeners() || !method.StartsWith("collm.", StringComparison.Ordinal) || method.EndsWith("/Describe", StringComparison.Ordinal))
            return null;
        Activity? span = StartServer(method, headers.GetValue(TraceParent), headers.GetValue(TraceState), identity, Links(headers));
        span?.SetTag(SemanticConventions.RpcSystemName, SemanticConventions.Grpc);
        span?.SetTag(SemanticConventions.RpcMethod, method);
        return span;
    }

    /// <summary>Opens the span of a request and makes it the current one; null where it is not traced.</summary>
    internal static Activity? StartServer(string name, string? traceParent, string? traceState, ServiceIdentity identity, ActivityLink[] links)
    {
        ActivityContext.TryParse(traceParent, traceState, isRemote: true, out ActivityContext parent);
        if (!Source.HasListeners() || (!identity.StartsTraces && !parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)))
            return null;

        // The web server's own activity is not exported, so it must not become the parent.
        Activity? outer = Activity.Current;
        Activity.Current = null;
        Activity? span = Source.StartActivity(name, ActivityKind.Server, parent, tags: null, links);
        if (span is null)
            Activity.Current = outer;
        return span;
    }

    internal static void End(Activity? span, StatusCode status)
    {
        if (span is null)
            return;
        span.SetTag(SemanticConventions.RpcResponseStatusCode, NameOf(status));
        if (IsServerError(status))
        {
            span.SetTag(SemanticConventions.ErrorType, NameOf(status));
            span.SetStatus(ActivityStatusCode.Error);
        }

        span.Dispose();
    }

    private static bool IsServerError(StatusCode status) => status is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented
        or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;

    private static ActivityLink[] Links(Metadata headers) =>
        ActivityContext.TryParse(headers.GetValue(ReplayOf), null, isRemote: true, out ActivityContext replayed) ? [new ActivityLink(replayed)] : [];
}
