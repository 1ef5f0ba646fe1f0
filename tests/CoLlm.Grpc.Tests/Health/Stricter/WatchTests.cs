using CoLlm.Grpc.Tests.Server;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace CoLlm.Grpc.Tests.Health.Stricter;

/// <summary>A watcher hears of a state once, however often it is set.</summary>
public sealed class WatchTests
{
    [Fact]
    public async Task Watch_StateSetAgain_TellsOnlyTheChange()
    {
        await using EchoHost host = await EchoHost.StartAsync(
            addServices: services => services.AddGrpcHealthChecks(options => options.Services.Map("model", _ => true))
                .AddCheck("model", () => HealthCheckResult.Healthy()),
            map: application => application.MapGrpcHealthChecksService());
        await using RawCall call = RawCall.Start(host.Http, "/grpc.health.v1.Health/Watch");
        await call.WriteAsync(RawCall.Frame(new HealthCheckRequest { Service = "model" }));
        call.CompleteRequests();
        Assert.Equal(ServingStatus.Serving, await NextAsync(call));

        HealthServiceImpl states = host.Services.GetRequiredService<HealthServiceImpl>();
        states.SetStatus("model", ServingStatus.Serving);
        states.SetStatus("model", ServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, await NextAsync(call));
        await call.AbortAsync();
    }

    private static async Task<ServingStatus> NextAsync(RawCall call) => (await call.ReadAsync())!.Parse<HealthCheckResponse>().Status;
}
