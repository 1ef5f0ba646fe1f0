using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.ServiceDefaults.Tests.Telemetry;

/// <summary>What a scraper gets, in the form that it asks for.</summary>
public sealed class PrometheusEndpointTests : IAsyncLifetime
{
    private const string Open = "application/openmetrics-text";

    private WebApplication _app = null!;
    private HttpClient _http = null!;

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");

        // A name of its own: what hosts of other tests in this process say of theirs would be one series with it.
        builder.Services.AddServiceDefaults(builder.Configuration, new ServiceIdentity("scraped", "1.0\"\n\\"), new DrainOptions { Timeout = TimeSpan.Zero });
        _app = builder.Build();
        _app.MapServiceDefaults();
        await _app.StartAsync();
        Meter meter = _app.Services.GetRequiredService<IMeterFactory>().Create("CoLlm.Test." + Guid.NewGuid().ToString("n"));
        meter.CreateCounter<long>("collm.test.bytes", "By", "Bytes \\ with\nbreaks.").Add(7, new KeyValuePair<string, object?>("a.b", "x\"y\\z\n\U0001F4A1"));
        Histogram<double> seconds = meter.CreateHistogram("collm.test.time", "s", "Time.", tags: null, InstrumentBuckets.Seconds);
        seconds.Record(0.0001);
        seconds.Record(3);
        seconds.Record(1000);
        meter.CreateObservableGauge("collm.test.part.count", () => 0.25, "1", "A part.");
        _http = new HttpClient(new SocketsHttpHandler { AutomaticDecompression = System.Net.DecompressionMethods.None })
        {
            BaseAddress = new Uri(_app.Urls.Single()),
        };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task Metrics_PlainText_HasNamesUnitsAndEscapes()
    {
        (string text, HttpResponseMessage response) = await ScrapeAsync("text/plain");

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Contains("# HELP collm_test_bytes_total Bytes \\\\ with\\nbreaks.\n# TYPE collm_test_bytes_total counter\n", text, StringComparison.Ordinal);
        Assert.Contains("collm_test_bytes_total{a_b=\"x\\\"y\\\\z\\n\U0001F4A1\"} 7\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE collm_test_part_number gauge\ncollm_test_part_number 0.25\n", text, StringComparison.Ordinal);
        Assert.Contains("collm_build_info{service=\"scraped\",version=\"1.0\\\"\\n\\\\\"} 1\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("# UNIT", text, StringComparison.Ordinal);
        Assert.DoesNotContain("# EOF", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_Histogram_IsCumulatedUpToInfinity()
    {
        (string text, _) = await ScrapeAsync("text/plain");

        Assert.Contains("# TYPE collm_test_time_seconds histogram\n", text, StringComparison.Ordinal);
        Assert.Contains("collm_test_time_seconds_bucket{le=\"0.0001\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("collm_test_time_seconds_bucket{le=\"2.5\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("collm_test_time_seconds_bucket{le=\"5.0\"} 2\n", text, StringComparison.Ordinal);
        Assert.Contains("collm_test_time_seconds_bucket{le=\"+Inf\"} 3\n", text, StringComparison.Ordinal);
        Assert.Contains("collm_test_time_seconds_sum 1003.0001\ncollm_test_time_seconds_count 3\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_OpenMetrics_HasUnitsAndAnEnd()
    {
        (string text, HttpResponseMessage response) = await ScrapeAsync(Open + ";version=1.0.0");

        Assert.Equal(Open + "; version=1.0.0; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.Contains("# TYPE collm_test_bytes counter\n# UNIT collm_test_bytes bytes\ncollm_test_bytes_total{", text, StringComparison.Ordinal);
        Assert.Contains("# UNIT collm_test_time_seconds seconds\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\n# EOF\n", text, StringComparison.Ordinal);
        Assert.Equal(text.IndexOf("# EOF", StringComparison.Ordinal), text.LastIndexOf("# EOF", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_RecordedInASampledSpan_PointToItFromTheirBucket()
    {
        using ActivitySource source = new("CoLlm.Test.Exemplars");
        using ActivityListener listener = new()
        {
            ShouldListenTo = heard => heard == source,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        Meter meter = _app.Services.GetRequiredService<IMeterFactory>().Create("CoLlm.Test." + Guid.NewGuid().ToString("n"));
        string where;
        using (Activity span = source.StartActivity("answer")!)
        {
            meter.CreateHistogram("collm.test.rate", "1", "", tags: null, InstrumentBuckets.Shares).Record(0.12);
            meter.CreateHistogram("collm.test.calls", "{call}", "", tags: null, InstrumentBuckets.Counts).Record(5);
            where = $" # {{trace_id=\"{span.TraceId}\",span_id=\"{span.SpanId}\"}} ";
        }

        (string text, _) = await ScrapeAsync(Open);
        Assert.Contains("collm_test_rate_bucket{le=\"0.15\"} 1" + where + "0.12 ", text, StringComparison.Ordinal);
        Assert.Contains("collm_test_calls_bucket{le=\"8.0\"} 1" + where + "5.0 ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("trace_id", (await ScrapeAsync("text/plain")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Open + ";version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", Open)]
    [InlineData(Open, Open)]
    [InlineData("text/plain;q=0.5," + Open + ";q=0.5", Open)]
    [InlineData("text/plain;q=0.8," + Open + ";q=0.2", "text/plain")]
    [InlineData(Open + ";version=0.0.1", "text/plain")]
    [InlineData(Open + ";q=0", "text/plain")]
    [InlineData("*/*", "text/plain")]
    [InlineData("image/png", "text/plain")]
    [InlineData("nonsense;;;", "text/plain")]
    public async Task Metrics_Accept_DecidesTheFormat(string accept, string expected)
    {
        (_, HttpResponseMessage response) = await ScrapeAsync(accept);

        Assert.Equal(expected, response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("Accept", response.Headers.Vary);
    }

    [Fact]
    public async Task Metrics_GzipAccepted_IsCompressed()
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/metrics");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        using HttpResponseMessage response = await _http.SendAsync(request);

        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        await using GZipStream unzipped = new(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using StreamReader reader = new(unzipped, Encoding.UTF8);
        Assert.Contains("collm_ready{service=\"scraped\"} 1", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_ManyScrapesInBothFormatsAtOnce_AreAllWhole()
    {
        (string Text, HttpResponseMessage Response)[] scrapes = await Task.WhenAll(
            Enumerable.Range(0, 32).Select(number => ScrapeAsync(number % 2 == 0 ? "text/plain" : Open)));

        Assert.All(scrapes, scrape => Assert.Contains("collm_test_time_seconds_count 3\n", scrape.Text, StringComparison.Ordinal));
        Assert.All(scrapes, scrape => Assert.Equal(
            scrape.Response.Content.Headers.ContentType!.MediaType == Open, scrape.Text.EndsWith("# EOF\n", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Metrics_InstrumentThrows_IsLeftOutAndTheRestIsServed()
    {
        Meter meter = _app.Services.GetRequiredService<IMeterFactory>().Create("CoLlm.Test." + Guid.NewGuid().ToString("n"));
        meter.CreateObservableGauge("collm.test.broken", new Func<long>(() => throw new InvalidOperationException("Broken on purpose.")));

        (string text, HttpResponseMessage response) = await ScrapeAsync("text/plain");

        Assert.True(response.IsSuccessStatusCode, text);
        Assert.DoesNotContain("collm_test_broken ", text, StringComparison.Ordinal);
        Assert.Contains("collm_test_part_number 0.25\n", text, StringComparison.Ordinal);
    }

    private async Task<(string Text, HttpResponseMessage Response)> ScrapeAsync(string accept)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/metrics");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        HttpResponseMessage response = await _http.SendAsync(request);
        return (await response.Content.ReadAsStringAsync(), response);
    }
}
