using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CoLlm.ServiceDefaults.Listening;

/// <summary>Where and how the services listen.</summary>
public static class ListeningSetup
{
    /// <summary>Idle connections are probed, so that a peer that vanished frees what it held.</summary>
    private static readonly TimeSpan KeepAliveDelay = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Listens for gRPC (cleartext HTTP/2 with prior knowledge) at one address and, where a second one is given, for HTTP/1.1 probes there.
    /// Cleartext connections cannot negotiate the protocol, hence two addresses.
    /// </summary>
    /// <param name="webHost">The host to configure.</param>
    /// <param name="grpcAddress">See <see cref="ListenAddress"/>.</param>
    /// <param name="httpAddress">The same; empty: none.</param>
    /// <param name="maxStreams">Calls that one connection may have open.</param>
    /// <exception cref="ArgumentException">An address is malformed.</exception>
    public static void ListenForGrpc(this IWebHostBuilder webHost, string grpcAddress, string httpAddress, int maxStreams)
    {
        ListenAddress grpc = Parse(grpcAddress);
        ListenAddress? http = httpAddress.Length == 0 ? null : Parse(httpAddress);
        webHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.Http2.MaxStreamsPerConnection = maxStreams;
            kestrel.Limits.Http2.KeepAlivePingDelay = KeepAliveDelay;
            kestrel.Limits.MinRequestBodyDataRate = null; // Streams are silent while nothing is deferred.
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            Listen(kestrel, grpc, HttpProtocols.Http2);
            if (http is not null)
                Listen(kestrel, http, HttpProtocols.Http1);
        });
    }

    /// <summary>
    /// Prints <c>Listening on ADDRESS</c> (gRPC) and, where there is a second address, <c>Health on ADDRESS</c> to standard output once they
    /// are bound: what parent processes wait for.
    /// </summary>
    public static void AnnounceAddresses(this WebApplication app) => app.Lifetime.ApplicationStarted.Register(() =>
    {
        string[] bound = [.. app.Urls];
        Console.Out.WriteLine($"Listening on {bound[0]}");
        if (bound.Length > 1)
            Console.Out.WriteLine($"Health on {bound[1]}");
        Console.Out.Flush();
    });

    private static ListenAddress Parse(string text) => ListenAddress.TryParse(text, out string? problem) ?? throw new ArgumentException(problem);

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, HttpProtocols protocols)
    {
        if (address.UnixPath is { } path)
            kestrel.ListenUnixSocket(path, listen => listen.Protocols = protocols);
        else if (address.EndPoint!.Address.Equals(IPAddress.IPv6Any))
            kestrel.ListenAnyIP(address.EndPoint.Port, listen => listen.Protocols = protocols); // Falls back to IPv4 where there is no IPv6.
        else
            kestrel.Listen(address.EndPoint, listen => listen.Protocols = protocols);
    }
}
