using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>Stands around HTTP endpoints as <see cref="RpcTelemetry"/> does around gRPC methods. Safe to use from any thread.</summary>
public sealed class HttpTelemetry
{
    public const string MeterName = "CoLlm.Http";

    private readonly Histogram<double> _duration;
    private readonly ServiceIdentity _identity;

    public HttpTelemetry(IMeterFactory meters, ServiceIdentity identity)
    {
        _identity = identity;
        _duration = meters.Create(MeterName).CreateHistogram(
            SemanticConventions.HttpServerRequestDuration, "s", "Duration of HTTP requests to the service's own API.", tags: null, InstrumentBuckets.Seconds);
    }

    /// <summary>Times a request and opens its span, which is the current one while it is handled.</summary>
    /// <param name="context">The request.</param>
    /// <param name="route">The path that was mapped.</param>
    /// <param name="handle">Handles it.</param>
    public async Task ObserveAsync(HttpContext context, string route, Func<HttpContext, Task> handle)
    {
        long since = Stopwatch.GetTimestamp();
        using Activity? span = RpcSpans.StartServer(
            $"{context.Request.Method} {route}", context.Request.Headers[RpcSpans.TraceParent], context.Request.Headers[RpcSpans.TraceState], _identity, []);
        var tags = new TagList
        {
            { SemanticConventions.HttpRequestMethod, context.Request.Method },
            { SemanticConventions.HttpRoute, route },
            { SemanticConventions.UrlScheme, context.Request.Scheme },
        };
        foreach ((string key, object? value) in tags)
            span?.SetTag(key, value);
        int status = StatusCodes.Status500InternalServerError;
        try
        {
            await handle(context).ConfigureAwait(false);
            status = context.Response.StatusCode;
        }
        finally
        {
            tags.Add(SemanticConventions.HttpResponseStatusCode, status);
            span?.SetTag(SemanticConventions.HttpResponseStatusCode, status);
            if (status >= StatusCodes.Status500InternalServerError)
            {
                tags.Add(SemanticConventions.ErrorType, status.ToString(System.Globalization.CultureInfo.InvariantCulture));
                span?.SetTag(SemanticConventions.ErrorType, status.ToString(System.Globalization.CultureInfo.InvariantCulture));
                span?.SetStatus(ActivityStatusCode.Error);
            }

            _duration.Record(Stopwatch.GetElapsedTime(since).TotalSeconds, tags);
        }
    }
}
