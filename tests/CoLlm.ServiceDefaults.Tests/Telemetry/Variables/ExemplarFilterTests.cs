using System.Diagnostics;
using System.Diagnostics.Metrics;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.ServiceDefaults.Tests.Telemetry.Variables;

/// <summary>The environment decides which measurements a scrape shows as exemplars.</summary>
public sealed class ExemplarFilterTests
{
    [Theory]
    [InlineData("", true)]
    [InlineData("sometimes", true)]
    [InlineData("trace_based", true)]
    [InlineData("always_off", false)]
    public async Task Metrics_MeasurementOfASampledSpan_IsAnExemplarUnlessFilteredOut(string filter, bool isExemplar)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection([new("OTEL_METRICS_EXEMPLAR_FILTER", filter)]);
        builder.Services.AddServiceDefaults(builder.Configuration, new ServiceIdentity("test", "1.0"), new DrainOptions { Timeout = TimeSpan.Zero });
        await using WebApplication app = builder.Build();
        app.MapServiceDefaults();
        await app.StartAsync();
        Meter meter = app.Services.GetRequiredService<IMeterFactory>().Create("CoLlm.Test." + Guid.NewGuid().ToString("n"));
        Histogram<double> seconds = meter.CreateHistogram("collm.test.time", "s", "Time.", tags: null, InstrumentBuckets.Seconds);
        using Activity span = new Activity("sampled").SetIdFormat(ActivityIdFormat.W3C);
        span.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        span.Start();
        seconds.Record(1);
        span.Stop();

        using HttpClient http = new();
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept", "application/openmetrics-text;version=1.0.0");
        string text = await http.GetStringAsync(new Uri(app.Urls.Single() + "/metrics"));

        Assert.Contains("collm_test_time_seconds_count 1\n", text, StringComparison.Ordinal);
        Assert.Equal(isExemplar, text.Contains($" # {{trace_id=\"{span.TraceId}\"", StringComparison.Ordinal));
    }
}
