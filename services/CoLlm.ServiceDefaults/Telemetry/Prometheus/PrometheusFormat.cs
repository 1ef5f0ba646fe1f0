using Microsoft.Net.Http.Headers;

namespace CoLlm.ServiceDefaults.Telemetry.Prometheus;

/// <summary>The two forms in which metrics can be scraped.</summary>
internal enum PrometheusFormat
{
    /// <summary>Prometheus text, version 0.0.4.</summary>
    Text,

    /// <summary>OpenMetrics 1.0, with exemplars.</summary>
    OpenMetrics,
}

/// <summary>Which form a client gets.</summary>
internal static class PrometheusNegotiation
{
    public static string ContentType(PrometheusFormat format) => format == PrometheusFormat.OpenMetrics
        ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>
    /// OpenMetrics where the client asks for its version 1.0 at least as much as for text; text in all other cases, also where a client
    /// accepts neither, as scrapers expect.
    /// </summary>
    public static PrometheusFormat Choose(IList<string> accept)
    {
        if (!MediaTypeHeaderValue.TryParseList(accept, out IList<MediaTypeHeaderValue>? wanted))
            return PrometheusFormat.Text;
        double open = Quality(wanted.Where(type => type.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase)), "1.0.0");
        double text = Quality(wanted.Where(type => type.MediaType.Equals("text/plain", StringComparison.OrdinalIgnoreCase)), "0.0.4");
        return open > 0 && open >= text ? PrometheusFormat.OpenMetrics : PrometheusFormat.Text;
    }

    /// <summary>Whether the client accepts gzip.</summary>
    public static bool AcceptsGzip(IList<string> acceptEncoding) =>
        StringWithQualityHeaderValue.TryParseList(acceptEncoding, out IList<StringWithQualityHeaderValue>? wanted)
        && wanted.Any(coding => coding.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && coding.Quality is null or > 0);

    private static double Quality(IEnumerable<MediaTypeHeaderValue> types, string version) => types
        .Where(type => Version(type) is "" || Version(type) == version)
        .Select(type => type.Quality ?? 1)
        .DefaultIfEmpty(0).Max();

    private static string Version(MediaTypeHeaderValue type) => HeaderUtilities.RemoveQuotes(
        type.Parameters.FirstOrDefault(parameter => parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase))?.Value ?? "").ToString();
}
