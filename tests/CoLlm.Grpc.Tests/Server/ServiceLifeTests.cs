using CoLlm.Grpc.Tests.Protos;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>Where service objects come from, and what mapping them leaves behind.</summary>
public sealed class ServiceLifeTests
{
    private static readonly byte[] Empty = RawCall.Frame(new EchoRequest());

    [Fact]
    public async Task Service_NotRegistered_IsMadeAndDisposedForEachCall()
    {
        Log log = new();
        await using EchoHost host = await StartAsync(log, _ => { });
        await CallAsync(host);
        await CallAsync(host);
        Assert.Equal(["made", "called", "disposed", "made", "called", "disposed"], log.Steps);
    }

    [Fact]
    public async Task Service_RegisteredAsSingleton_IsTheSameForEachCall()
    {
        Log log = new();
        await using EchoHost host = await StartAsync(log, services => services.AddSingleton<CountedService>());
        await CallAsync(host);
        await CallAsync(host);
        Assert.Equal(["made", "called", "called"], log.Steps);
    }

    [Fact]
    public async Task Endpoints_OfAService_TellTheirMethodAndItsAttributes()
    {
        await using EchoHost host = await StartAsync(new Log(), _ => { });
        Endpoint endpoint = host.Services.GetRequiredService<EndpointDataSource>().Endpoints
            .Single(each => each.Metadata.GetMetadata<GrpcMethodMetadata>() is { } method
                && method.ServiceType == typeof(CountedService) && method.Method.Name == "Unary");

        Assert.Equal("/collm.testing.Echo/Unary", endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()!.Method.FullName);
        Assert.NotNull(endpoint.Metadata.GetMetadata<OnServiceAttribute>());
        Assert.NotNull(endpoint.Metadata.GetMetadata<OnMethodAttribute>());
    }

    [Fact]
    public async Task Conventions_OnTheService_ReachItsEndpoints()
    {
        object marker = new();
        await using EchoHost host = await EchoHost.StartAsync(
            map: application => application.MapGrpcService<EchoService>().WithMetadata(marker));
        Assert.Contains(host.Services.GetRequiredService<EndpointDataSource>().Endpoints, endpoint => endpoint.Metadata.Contains(marker));
    }

    [Fact]
    public async Task MapGrpcService_WithoutAddGrpc_IsRefused()
    {
        await using WebApplication application = WebApplication.CreateSlimBuilder().Build();
        Assert.Throws<InvalidOperationException>(() => application.MapGrpcService<EchoService>());
    }

    private static Task<EchoHost> StartAsync(Log log, Action<IServiceCollection> register) => EchoHost.StartAsync(
        addServices: services =>
        {
            services.AddSingleton(log);
            register(services);
        },
        isEchoMapped: false,
        map: application => application.MapGrpcService<CountedService>());

    private static async Task CallAsync(EchoHost host) =>
        Assert.Equal("0", (await RawCall.SendAsync(host.Http, "/collm.testing.Echo/Unary", Empty)).Status);

    private sealed class Log
    {
        public List<string> Steps { get; } = [];
    }

    [AttributeUsage(AttributeTargets.Class)]
    private sealed class OnServiceAttribute : Attribute;

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class OnMethodAttribute : Attribute;

    [OnService]
    private sealed class CountedService : Echo.EchoBase, IDisposable
    {
        private readonly Log _log;

        public CountedService(Log log)
        {
            _log = log;
            log.Steps.Add("made");
        }

        [OnMethod]
        public override Task<EchoReply> Unary(EchoRequest request, ServerCallContext context)
        {
            _log.Steps.Add("called");
            return Task.FromResult(new EchoReply());
        }

        public void Dispose() => _log.Steps.Add("disposed");
    }
}
