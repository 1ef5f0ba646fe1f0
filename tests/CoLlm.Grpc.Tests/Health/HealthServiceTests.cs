using CoLlm.Grpc.Tests.Server;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace CoLlm.Grpc.Tests.Health;

/// <summary>grpc.health.v1 on the wire, over ASP.NET Core's health checks.</summary>
public sealed class HealthServiceTests
{
    private HealthStatus _model = HealthStatus.Healthy;

    [Theory]
    [InlineData(HealthStatus.Healthy, ServingStatus.Serving)]
    [InlineData(HealthStatus.Degraded, ServingStatus.Serving)]
    [InlineData(HealthStatus.Unhealthy, ServingStatus.NotServing)]
    public async Task Check_OfTheServer_IsTheStateOfItsChecks(HealthStatus check, ServingStatus expected)
    {
        _model = check;
        await using EchoHost host = await StartAsync();
        Assert.Equal(expected, await CheckAsync(host, ""));
    }

    [Fact]
    public async Task Check_OfAMappedService_CountsOnlyItsChecks()
    {
        _model = HealthStatus.Unhealthy;
        await using EchoHost host = await StartAsync();
        Assert.Equal(ServingStatus.Serving, await CheckAsync(host, "other"));
        Assert.Equal(ServingStatus.NotServing, await CheckAsync(host, "model"));
    }

    [Fact]
    public async Task Check_OfUnknownService_IsNotFound()
    {
        await using EchoHost host = await StartAsync();
        RawReply reply = await RawCall.SendAsync(
            host.Http, "/grpc.health.v1.Health/Check", RawCall.Frame(new HealthCheckRequest { Service = "nobody" }));
        Assert.Equal("5", reply.Status);
    }

    [Fact]
    public async Task Watch_StateSet_TellsEachChange()
    {
        await using EchoHost host = await StartAsync();
        HealthServiceImpl states = host.Services.GetRequiredService<HealthServiceImpl>();
        await using RawCall call = await WatchAsync(host, "model");
        Assert.Equal(ServingStatus.Serving, await NextAsync(call));

        states.SetStatus("other", ServingStatus.NotServing);
        states.SetStatus("model", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, await NextAsync(call));
        states.SetStatus("model", ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, await NextAsync(call));
        await call.AbortAsync();
    }

    [Fact]
    public async Task Watch_OfUnknownService_SaysSoAndGoesOn()
    {
        await using EchoHost host = await StartAsync();
        await using RawCall call = await WatchAsync(host, "later");
        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync(call));
        host.Services.GetRequiredService<HealthServiceImpl>().SetStatus("later", ServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, await NextAsync(call));
        await call.AbortAsync();
    }

    [Fact]
    public async Task Watch_ServerStops_EndsWithNotServing()
    {
        await using EchoHost host = await StartAsync();
        await using RawCall call = await WatchAsync(host, "");
        Assert.Equal(ServingStatus.Serving, await NextAsync(call));
        host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        RawReply reply = await call.ReadToEndAsync();
        Assert.Equal(ServingStatus.NotServing, Assert.Single(reply.Messages).Parse<HealthCheckResponse>().Status);
        Assert.Equal("0", reply.Status);
    }

    [Fact]
    public async Task Publisher_Report_SetsTheStateOfEveryService()
    {
        _model = HealthStatus.Unhealthy;
        await using EchoHost host = await StartAsync(useCache: true);
        HealthReport report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync();
        foreach (IHealthCheckPublisher publisher in host.Services.GetServices<IHealthCheckPublisher>())
            await publisher.PublishAsync(report, CancellationToken.None);

        Assert.Equal(ServingStatus.NotServing, await CheckAsync(host, ""));
        Assert.Equal(ServingStatus.NotServing, await CheckAsync(host, "model"));
        Assert.Equal(ServingStatus.Serving, await CheckAsync(host, "other"));
    }

    private Task<EchoHost> StartAsync(bool useCache = false) => EchoHost.StartAsync(
        addServices: services => services.AddGrpcHealthChecks(options =>
        {
            options.UseHealthChecksCache = useCache;
            options.Services.Map("model", context => context.Name == "model");
            options.Services.Map("other", context => context.Tags.Contains("other"));
        })
        .AddCheck("model", () => new HealthCheckResult(_model))
        .AddCheck("rest", () => HealthCheckResult.Healthy(), ["other"]),
        map: application => application.MapGrpcHealthChecksService());

    private static async Task<ServingStatus> CheckAsync(EchoHost host, string service)
    {
        RawReply reply = await RawCall.SendAsync(
            host.Http, "/grpc.health.v1.Health/Check", RawCall.Frame(new HealthCheckRequest { Service = service }));
        return Assert.Single(reply.Messages).Parse<HealthCheckResponse>().Status;
    }

    private static async Task<RawCall> WatchAsync(EchoHost host, string service)
    {
        RawCall call = RawCall.Start(host.Http, "/grpc.health.v1.Health/Watch");
        await call.WriteAsync(RawCall.Frame(new HealthCheckRequest { Service = service }));
        call.CompleteRequests();
        return call;
    }

    private static async Task<ServingStatus> NextAsync(RawCall call) => (await call.ReadAsync())!.Parse<HealthCheckResponse>().Status;
}
