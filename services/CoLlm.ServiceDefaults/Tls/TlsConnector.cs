using System.Net.Security;
using System.Net.Sockets;
using CoLlm.ServiceDefaults.Files;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>Makes the connections of a gRPC client that has authorities, a certificate or a name of its own. Safe to use from any thread.</summary>
public sealed class TlsConnector
{
    private readonly Authorities? _servers;
    private readonly OwnCertificate? _certificate;
    private readonly string _serverName;

    /// <param name="options">What is trusted and shown.</param>
    /// <param name="time">Says when files are looked at again.</param>
    /// <param name="logger">Hears of files that have changed.</param>
    /// <exception cref="SettingFileException">A file cannot be used.</exception>
    public TlsConnector(TlsConnectOptions options, TimeProvider time, ILogger logger)
    {
        _servers = options.CaPath.Length > 0 ? new Authorities(nameof(options.CaPath), options.CaPath, time, logger) : null;
        _certificate = options.Certificate is { } certificate ? new OwnCertificate(certificate, time, logger) : null;
        _serverName = options.ServerName;
    }

    /// <summary>Has a handler's connections made here; its addresses must be <c>https://</c>.</summary>
    /// <param name="handler">Not used yet.</param>
    /// <param name="host">The name that the server's certificate must have, where the options have none; null: the host of the address.</param>
    public void Attach(SocketsHttpHandler handler, string? host = null) =>
        handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context, host, cancellationToken);

    /// <summary>
    /// The whole handshake, because a handler's own settings are copied when it is first used, and a certificate that is renewed would never
    /// be shown.
    /// </summary>
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, string? host, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? secured = null;
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            secured = new SslStream(new NetworkStream(socket, ownsSocket: true));
            var handshake = new SslClientAuthenticationOptions
            {
                TargetHost = _serverName.Length > 0 ? _serverName : host ?? context.DnsEndPoint.Host,
                ApplicationProtocols = [SslApplicationProtocol.Http2],
                CertificateChainPolicy = _servers?.Policy,
                ClientCertificateContext = _certificate?.Context,
            };
            await secured.AuthenticateAsClientAsync(handshake, cancellationToken).ConfigureAwait(false);
            return secured;
        }
        catch
        {
            socket.Dispose();
            if (secured is not null)
                await secured.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
