using System.Security.Cryptography.X509Certificates;
using CoLlm.ServiceDefaults.Files;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>The authorities that a peer's certificate must come from, and no others: always what their file says. Safe to use from any thread.</summary>
internal sealed class Authorities
{
    private readonly FileBacked<X509Certificate2Collection> _certificates;

    /// <exception cref="SettingFileException">The file cannot be used.</exception>
    public Authorities(string setting, string path, TimeProvider time, ILogger logger)
    {
        var file = new SettingFile(setting, path);
        _certificates = new FileBacked<X509Certificate2Collection>([file], contents => PemFiles.MakeAuthorities(file, contents[0]), time, logger);
    }

    /// <summary>For one handshake. Authorities of one's own rarely say where revocations are listed, so none are looked up.</summary>
    public X509ChainPolicy Policy
    {
        get
        {
            var policy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            policy.CustomTrustStore.AddRange(_certificates.Current);
            return policy;
        }
    }
}
