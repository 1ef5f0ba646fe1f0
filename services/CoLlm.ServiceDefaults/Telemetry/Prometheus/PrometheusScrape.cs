using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Telemetry.Prometheus;

/// <summary>
/// Answers scrapes. Those that come while one is being collected in their format share its result; a scrape that fails is a 500 with a
/// sentence and touches nothing else. Safe to use from any thread.
/// </summary>
internal sealed partial class PrometheusScrape(PrometheusExporter exporter, ILogger<PrometheusScrape> logger)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Lock _collecting = new();
    private readonly Task<byte[]>?[] _running = new Task<byte[]>?[Enum.GetValues<PrometheusFormat>().Length];

    /// <summary>The endpoint.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        PrometheusFormat format = PrometheusNegotiation.Choose([.. context.Request.Headers.Accept!]);
        response.Headers.Vary = "Accept, Accept-Encoding";
        byte[] text;
        try
        {
            text = await ScrapeAsync(format).WaitAsync(context.RequestAborted).ConfigureAwait(false);
        }
        catch (InvalidOperationException exception)
        {
            LogFailed(exception.Message);
            response.StatusCode = StatusCodes.Status500InternalServerError;
            await response.WriteAsync(exception.Message + "\n", context.RequestAborted).ConfigureAwait(false);
            return;
        }

        response.ContentType = PrometheusNegotiation.ContentType(format);
        if (!PrometheusNegotiation.AcceptsGzip([.. context.Request.Headers.AcceptEncoding!]))
        {
            response.ContentLength = text.Length;
            await response.Body.WriteAsync(text, context.RequestAborted).ConfigureAwait(false);
            return;
        }

        response.Headers.ContentEncoding = "gzip";
        await using GZipStream gzip = new(response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await gzip.WriteAsync(text, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>All metrics of the moment as text.</summary>
    public Task<byte[]> ScrapeAsync(PrometheusFormat format)
    {
        lock (_lock)
        {
            if (_running[(int)format] is { IsCompleted: false } running)
                return running;
            return _running[(int)format] = Task.Run(() =>
            {
                lock (_collecting)
                    return exporter.Scrape(format, Timeout);
            });
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A scrape failed: {Problem}")]
    private partial void LogFailed(string problem);
}
