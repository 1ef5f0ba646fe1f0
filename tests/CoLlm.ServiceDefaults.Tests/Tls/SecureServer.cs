using System.Net;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Tls;
using CoLlm.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CoLlm.ServiceDefaults.Tests.Tls;

/// <summary>A server on loopback that says who its client is, with a clock that the test moves.</summary>
internal sealed class SecureServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private SecureServer(WebApplication application) => _application = application;

    public ManualTime Time { get; private init; } = new();

    public RecordedLog Log { get; private init; } = new();

    /// <summary>Where a listener is bound.</summary>
    public Uri AddressOf(ListenerKind kind) => new(_application.BoundAddresses().Single(bound => bound.Kind == kind).Address);

    public static async Task<SecureServer> StartAsync(TlsListenOptions tls)
    {
        ManualTime time = new();
        RecordedLog log = new();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log).AddFilter("Microsoft", LogLevel.None);
        builder.Services.AddSingleton<TimeProvider>(time);
        const string any = "https://127.0.0.1:0";
        builder.WebHost.ListenAt(new Listeners { Grpc = any, Health = any, Http = any, Tls = tls, MaxStreams = 4 });
        WebApplication application = builder.Build();
        application.UseListeners();
        application.MapGet("/", (HttpContext context) => context.Connection.ClientCertificate?.Subject ?? "nobody");
        application.MapGet("/grpc", (HttpContext context) => context.Request.Protocol).ServedAt(ListenerKind.Grpc);
        await application.StartAsync();
        return new SecureServer(application) { Time = time, Log = log };
    }

    /// <summary>Asks over a new connection that our connector makes.</summary>
    /// <exception cref="HttpRequestException">There is no connection, or no answer.</exception>
    public async Task<string> AskAsync(TlsConnectOptions options, string? host = null)
    {
        SocketsHttpHandler handler = new();
        new TlsConnector(options, Time, NullLogger.Instance).Attach(handler, host);
        using HttpClient http = Client(handler);
        return await http.GetStringAsync(AddressOf(ListenerKind.Grpc), TestContext.Current.CancellationToken);
    }

    /// <summary>A client that speaks HTTP/2 alone, as gRPC does.</summary>
    public static HttpClient Client(SocketsHttpHandler handler) => new(handler)
    {
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }
}
