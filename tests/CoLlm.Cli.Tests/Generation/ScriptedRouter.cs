using CoLlm.Protocol.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Cli.Tests.Generation;

/// <summary>A real server that answers Generate with given events and keeps the request.</summary>
internal sealed class ScriptedRouter : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ScriptedRouter(WebApplication application) => _application = application;

    public List<GenerateResponse> Events { get; } = [];

    public RpcException? Refusal { get; set; }

    public GenerateRequest? Request { get; private set; }

    public string Address => _application.Urls.First();

    public static async Task<ScriptedRouter> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<Service>();
        WebApplication application = builder.Build();
        application.MapGrpcService<Service>();
        await application.StartAsync();
        var router = new ScriptedRouter(application);
        application.Services.GetRequiredService<Service>().Owner = router;
        return router;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private sealed class Service : Protocol.V1.Generation.GenerationBase
    {
        public ScriptedRouter? Owner { get; set; }

        public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
        {
            Owner!.Request = request;
            if (Owner.Refusal is { } refusal)
                throw refusal;
            foreach (GenerateResponse response in Owner.Events)
                await responseStream.WriteAsync(response);
        }
    }
}
