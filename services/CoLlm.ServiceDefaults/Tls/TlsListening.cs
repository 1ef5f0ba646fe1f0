using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using CoLlm.ServiceDefaults.Files;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>How the listeners of a process agree on TLS with those who come. Safe to use from any thread.</summary>
internal sealed class TlsListening
{
    private static readonly List<SslApplicationProtocol> Http1 = [SslApplicationProtocol.Http11];
    private static readonly List<SslApplicationProtocol> Http2 = [SslApplicationProtocol.Http2];
    private static readonly List<SslApplicationProtocol> Both = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    /// <summary>Refusals are logged no more often, or strangers could fill the log.</summary>
    private static readonly TimeSpan RefusalInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly OwnCertificate _certificate;
    private readonly Authorities? _clients;
    private readonly bool _mustShow;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private long? _logged;
    private int _unlogged;

    /// <exception cref="SettingFileException">A file cannot be used.</exception>
    public TlsListening(TlsListenOptions options, TimeProvider time, ILogger<TlsListening> logger)
    {
        (_logger, _time) = (logger, time);
        _certificate = new OwnCertificate(options.Certificate, time, logger);
        if (options.EffectiveMode != Tls.ClientCertificateMode.NoCertificate)
            _clients = new Authorities(nameof(options.ClientCaPath), options.ClientCaPath, time, logger);
        _mustShow = options.EffectiveMode == Tls.ClientCertificateMode.RequireCertificate;
    }

    /// <summary>Has a listener speak TLS.</summary>
    /// <param name="listen">The listener.</param>
    /// <param name="asksClients">Whether clients are asked for what the options say; probes and scrapes have no certificates.</param>
    public void Secure(ListenOptions listen, bool asksClients) => listen.UseHttps(new TlsHandshakeCallbackOptions
    {
        OnConnection = _ => ValueTask.FromResult(ForHandshake(listen.Protocols, asksClients)),
    });

    private SslServerAuthenticationOptions ForHandshake(HttpProtocols protocols, bool asksClients)
    {
        var handshake = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _certificate.Context,
            ApplicationProtocols = protocols switch { HttpProtocols.Http1 => Http1, HttpProtocols.Http2 => Http2, _ => Both },
        };
        if (_clients is null || !asksClients)
            return handshake;
        handshake.ClientCertificateRequired = true;
        handshake.CertificateChainPolicy = _clients.Policy;
        handshake.RemoteCertificateValidationCallback = Judge;
        handshake.AllowTlsResume = false; // A session that is taken up again would not be judged again.
        return handshake;
    }

    private bool Judge(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None || (certificate is null && !_mustShow))
            return true;
        string problem = errors == SslPolicyErrors.RemoteCertificateChainErrors && chain is not null
            ? string.Join(", ", chain.ChainStatus.Select(status => status.Status))
            : errors.ToString();
        LogRefusal(problem, certificate?.Subject ?? "none was shown");
        return false;
    }

    private void LogRefusal(string problem, string subject)
    {
        int others;
        lock (_lock)
        {
            if (_logged is { } last && _time.GetElapsedTime(last) < RefusalInterval)
            {
                _unlogged++;
                return;
            }

            (others, _unlogged, _logged) = (_unlogged, 0, _time.GetTimestamp());
        }

        _logger.ClientRefused(problem, subject, others);
    }
}
