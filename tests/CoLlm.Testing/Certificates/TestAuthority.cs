using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CoLlm.Testing.Certificates;

/// <summary>An authority made for one test, and the certificates that it gives out, as PEM files in a folder of their own.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;

    public TestAuthority(string name = "Test authority")
    {
        CertificateRequest request = new($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _certificate = request.CreateSelfSigned(_now.AddYears(-3), _now.AddYears(3));
        CaPath = _folder.Write("ca.crt", _certificate.ExportCertificatePem());
    }

    /// <summary>The authority's own certificate.</summary>
    public string CaPath { get; }

    /// <summary>For clients that are not ours: trusts this authority and no other.</summary>
    public X509ChainPolicy Trust
    {
        get
        {
            X509ChainPolicy policy = new() { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.Add(_certificate);
            return policy;
        }
    }

    /// <summary>Where <see cref="Issue"/> writes the certificate of that file name.</summary>
    public string CertificatePath(string file) => _folder.File(file + ".crt");

    /// <summary>And its key.</summary>
    public string KeyPath(string file) => _folder.File(file + ".key");

    /// <summary>Gives out a certificate, replacing one that was there.</summary>
    /// <param name="file">The files' name without extension; also the certificate's subject.</param>
    /// <param name="names">Host names and addresses that it is for.</param>
    /// <param name="days">How long from now; negative: it has expired.</param>
    /// <returns>The certificate's thumbprint.</returns>
    public string Issue(string file, string[] names, int days = 30)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={file}", key, HashAlgorithmName.SHA256);
        SubjectAlternativeNameBuilder alternatives = new();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        if (names.Length > 0)
            request.CertificateExtensions.Add(alternatives.Build());
        DateTimeOffset end = _now.AddDays(days);
        using X509Certificate2 certificate = request.Create(_certificate, end.AddDays(-60), end, RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(CertificatePath(file), certificate.ExportCertificatePem());
        File.WriteAllText(KeyPath(file), key.ExportPkcs8PrivateKeyPem());
        return certificate.Thumbprint;
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
        _folder.Dispose();
    }
}
