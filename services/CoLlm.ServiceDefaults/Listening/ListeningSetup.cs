using System.Net;
using CoLlm.ServiceDefaults.Tls;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.ServiceDefaults.Listening;

/// <summary>Where and how the services listen.</summary>
public static class ListeningSetup
{
    /// <summary>Idle connections are probed, so that a peer that vanished frees what it held.</summary>
    private static readonly TimeSpan KeepAliveDelay = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Listens for gRPC, HTTP/2 with prior knowledge where it is in cleartext; where it is wanted for HTTP/1.1 probes at another address, since
    /// cleartext connections cannot negotiate the protocol; and for plain HTTP at a third.
    /// </summary>
    /// <param name="webHost">The host to configure.</param>
    /// <param name="listeners">The addresses, without problems.</param>
    /// <exception cref="ArgumentException">An address is malformed.</exception>
    public static void ListenAt(this IWebHostBuilder webHost, Listeners listeners)
    {
        (ListenerKind Kind, ListenAddress Address)[] all = [.. listeners.All.Select(listener => (listener.Kind, Parse(listener.Address)))];
        webHost.ConfigureServices(services =>
        {
            services.AddSingleton(listeners);
            if (listeners.Tls is { } tls)
                services.AddSingleton(provider => ActivatorUtilities.CreateInstance<TlsListening>(provider, tls));
        });
        webHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.Http2.MaxStreamsPerConnection = listeners.MaxStreams;
            kestrel.Limits.Http2.KeepAlivePingDelay = KeepAliveDelay;
            kestrel.Limits.MinRequestBodyDataRate = null; // Streams are silent while nothing is deferred.
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            foreach ((ListenerKind kind, ListenAddress address) in all)
                Listen(kestrel, kind, address);
        });
    }

    /// <summary>
    /// Prints <c>Listening on ADDRESS</c> (gRPC) and, where there are such, <c>Health on ADDRESS</c> and <c>HTTP on ADDRESS</c> to standard
    /// output once they are bound: what parent processes wait for.
    /// </summary>
    public static void AnnounceAddresses(this WebApplication app) => app.Lifetime.ApplicationStarted.Register(() =>
    {
        foreach ((ListenerKind kind, string address) in app.BoundAddresses())
            Console.Out.WriteLine($"{(kind switch { ListenerKind.Grpc => "Listening", ListenerKind.Health => "Health", _ => "HTTP" })} on {address}");
        Console.Out.Flush();
    });

    /// <summary>Where a running service can be reached.</summary>
    public static IEnumerable<(ListenerKind Kind, string Address)> BoundAddresses(this WebApplication app) =>
        app.Services.GetRequiredService<Listeners>().All.Zip(app.Urls, (listener, url) => (listener.Kind, url));

    private static ListenAddress Parse(string text) => ListenAddress.TryParse(text, out string? problem) ?? throw new ArgumentException(problem);

    private static void Listen(KestrelServerOptions kestrel, ListenerKind kind, ListenAddress address)
    {
        if (address.UnixPath is { } path)
            kestrel.ListenUnixSocket(path, Configure);
        else if (address.EndPoint!.Address.Equals(IPAddress.IPv6Any))
            kestrel.ListenAnyIP(address.EndPoint.Port, Configure); // Falls back to IPv4 where there is no IPv6.
        else
            kestrel.Listen(address.EndPoint, Configure);

        void Configure(ListenOptions listen)
        {
            listen.Protocols = kind switch
            {
                ListenerKind.Grpc => HttpProtocols.Http2,
                ListenerKind.Http when address.IsSecure => HttpProtocols.Http1AndHttp2,
                _ => HttpProtocols.Http1,
            };
            listen.Use(next => connection =>
            {
                connection.Features.Set(new ListenerEndpoints.Origin(kind));
                return next(connection);
            });
            if (address.IsSecure)
                listen.ApplicationServices.GetRequiredService<TlsListening>().Secure(listen, asksClients: kind != ListenerKind.Health);
        }
    }
}
