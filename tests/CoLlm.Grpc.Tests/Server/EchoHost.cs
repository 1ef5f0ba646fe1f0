using System.Net.Sockets;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>A real server on loopback or on a unix socket, and an HTTP/2 client for it that knows nothing of gRPC.</summary>
public sealed class EchoHost : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly string? _socketPath;

    private EchoHost(WebApplication application, string? socketPath)
    {
        _application = application;
        _socketPath = socketPath;
        Address = new Uri(socketPath is null ? application.Urls.First() : "http://localhost");
        Http = new HttpClient(CreateHandler()) { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan };
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _application.Services;

    public static async Task<EchoHost> StartAsync(
        EchoBehavior? behavior = null,
        Action<GrpcServiceOptions>? configure = null,
        Action<IServiceCollection>? addServices = null,
        Action<WebApplication>? map = null,
        HttpProtocols protocols = HttpProtocols.Http2,
        bool isUnixSocket = false,
        bool isEchoMapped = true,
        Action<ListenOptions>? listen = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        string? socketPath = isUnixSocket ? Path.Combine(Path.GetTempPath(), $"collm-{Guid.NewGuid():N}.sock") : null;
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (socketPath is null)
                kestrel.Listen(System.Net.IPAddress.Loopback, 0, Configure);
            else
                kestrel.ListenUnixSocket(socketPath, Configure);
        });
        builder.Services.AddSingleton(behavior ?? new EchoBehavior());
        builder.Services.AddGrpc(options => configure?.Invoke(options));
        addServices?.Invoke(builder.Services);
        WebApplication application = builder.Build();
        if (isEchoMapped)
            application.MapGrpcService<EchoService>();

        map?.Invoke(application);
        await application.StartAsync();
        return new EchoHost(application, socketPath);

        void Configure(ListenOptions endpoint)
        {
            endpoint.Protocols = protocols;
            listen?.Invoke(endpoint);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        using CancellationTokenSource now = new();
        await now.CancelAsync();
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private SocketsHttpHandler CreateHandler()
    {
        SocketsHttpHandler handler = new() { AutomaticDecompression = System.Net.DecompressionMethods.None };
        if (_socketPath is not null)
        {
            handler.ConnectCallback = async (_, cancellationToken) =>
            {
                Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            };
        }

        return handler;
    }
}
