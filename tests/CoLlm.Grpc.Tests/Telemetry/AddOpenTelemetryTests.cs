using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CoLlm.Grpc.Tests.Telemetry;

/// <summary>The OpenTelemetry entry point: what is configured lives as long as the host.</summary>
public sealed class AddOpenTelemetryTests
{
    [Fact]
    public async Task Host_Started_TracesWhatIsListenedTo()
    {
        Collected collected = new();
        using ActivitySource source = new("collm.test.traces");
        using IHost host = Build(builder => builder
            .ConfigureResource(resource => resource.AddService("test-service"))
            .WithTracing(tracing => tracing.AddSource(source.Name).AddProcessor(collected)));
        Assert.Null(source.StartActivity("before the host"));

        await host.StartAsync();
        source.StartActivity("within the host")?.Dispose();
        await host.StopAsync();
        Assert.Equal(["within the host"], collected.Names);
    }

    [Fact]
    public async Task Host_Disposed_EndsTheProviders()
    {
        Collected collected = new();
        using ActivitySource source = new("collm.test.dispose");
        using (IHost host = Build(builder => builder.WithTracing(tracing => tracing.AddSource(source.Name).AddProcessor(collected))))
            await host.StartAsync();

        Assert.True(collected.IsDisposed);
        Assert.Null(source.StartActivity("after the host"));
    }

    [Fact]
    public async Task Host_Started_ListensToMeters()
    {
        using Meter meter = new("collm.test.metrics");
        Counter<int> counter = meter.CreateCounter<int>("count");
        using IHost host = Build(builder => builder.WithMetrics(metrics => metrics
            .AddMeter(meter.Name).AddReader(new BaseExportingMetricReader(new Discarding()))));
        Assert.False(counter.Enabled);
        await host.StartAsync();
        Assert.True(counter.Enabled);
    }

    [Fact]
    public void AddOpenTelemetry_Twice_IsHostedOnceAndFirst()
    {
        ServiceCollection services = new();
        services.AddHostedService<Other>();
        services.AddOpenTelemetry();
        services.AddOpenTelemetry();
        Assert.Equal(2, services.Count(service => service.ServiceType == typeof(IHostedService)));
        Assert.Equal(typeof(IHostedService), services[0].ServiceType);
        Assert.NotEqual(typeof(Other), services[0].ImplementationType);
    }

    private static IHost Build(Action<OpenTelemetryBuilder> configure)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        configure(builder.Services.AddOpenTelemetry());
        return builder.Build();
    }

    private sealed class Collected : BaseProcessor<Activity>
    {
        public List<string> Names { get; } = [];

        public bool IsDisposed { get; private set; }

        public override void OnEnd(Activity data) => Names.Add(data.DisplayName);

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }

    private sealed class Discarding : BaseExporter<Metric>
    {
        public override ExportResult Export(in Batch<Metric> batch) => ExportResult.Success;
    }

    private sealed class Other : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.CompletedTask;
    }
}
