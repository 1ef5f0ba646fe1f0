using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CoLlm.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Interop.Tests;

/// <summary>Our server with the interop service: in cleartext, over TLS and on a unix socket.</summary>
public sealed class InteropHost : IAsyncLifetime
{
    private readonly TemporaryDirectory _folder = new();
    private WebApplication? _application;

    /// <summary>The ways to the server.</summary>
    public PeerEndpoints Endpoints { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        string socket = Path.Combine(_folder.Path, "server.sock");
        TestCertificate certificate = TestCertificate.Create(_folder.Path);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(certificate.Certificate);
            });
            kestrel.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc(options => options.ResponseCompressionAlgorithm = "gzip");
        _application = builder.Build();
        _application.MapGrpcService<InteropService>();
        await _application.StartAsync();
        int[] ports = [.. _application.Urls.Where(url => !url.Contains("unix", StringComparison.Ordinal)).Select(url => new Uri(url).Port)];
        Endpoints = new PeerEndpoints(ports[0], ports[1], socket, certificate.PemPath);
    }

    public async ValueTask DisposeAsync()
    {
        if (_application is not null)
        {
            using CancellationTokenSource atOnce = new(TimeSpan.Zero);
            await _application.StopAsync(atOnce.Token);
            await _application.DisposeAsync();
        }

        _folder.Dispose();
    }
}

/// <summary>Where a server listens, and the certificate that its TLS port shows.</summary>
public sealed record PeerEndpoints(int Plain, int Tls, string Socket, string CertificatePath);

/// <summary>A certificate for localhost, made for one run, as an object and as PEM files.</summary>
internal sealed record TestCertificate(X509Certificate2 Certificate, string PemPath, string KeyPath)
{
    public static TestCertificate Create(string folder)
    {
        using RSA key = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        SubjectAlternativeNameBuilder names = new();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        TestCertificate files = new(certificate, Path.Combine(folder, "certificate.pem"), Path.Combine(folder, "key.pem"));
        File.WriteAllText(files.PemPath, certificate.ExportCertificatePem());
        File.WriteAllText(files.KeyPath, key.ExportPkcs8PrivateKeyPem());
        return files;
    }
}
