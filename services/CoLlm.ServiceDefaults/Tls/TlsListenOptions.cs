using CoLlm.ServiceDefaults.Files;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>What listeners at <c>https://</c> addresses show to clients, and want to see of them.</summary>
public sealed record TlsListenOptions
{
    /// <summary>What is shown.</summary>
    public CertificateOptions Certificate { get; init; } = new();

    /// <summary>Whether clients must show a certificate as well.</summary>
    /// <value>null: required where <see cref="ClientCaPath"/> is set, else not asked for.</value>
    public ClientCertificateMode? ClientCertificateMode { get; init; }

    /// <summary>PEM file with the authorities that clients' certificates must come from.</summary>
    /// <value>empty: none.</value>
    public string ClientCaPath { get; init; } = "";

    internal ClientCertificateMode EffectiveMode =>
        ClientCertificateMode ?? (ClientCaPath.Length > 0 ? Tls.ClientCertificateMode.RequireCertificate : Tls.ClientCertificateMode.NoCertificate);

    /// <summary>A sentence for each value that cannot be used; files are read.</summary>
    /// <param name="place">What the sentences call these options.</param>
    public IEnumerable<string> FindProblems(string place)
    {
        if (SettingFileException.Of(() => PemFiles.LoadCertificate(Certificate)) is { } certificate)
            yield return $"{place}.{certificate}";
        if (ClientCaPath.Length > 0 && SettingFileException.Of(() => PemFiles.LoadAuthorities(nameof(ClientCaPath), ClientCaPath)) is { } authorities)
            yield return $"{place}.{authorities}";
        if (ClientCaPath.Length == 0 && EffectiveMode != Tls.ClientCertificateMode.NoCertificate)
            yield return $"{place}.ClientCertificateMode is {EffectiveMode}, which needs {place}.ClientCaPath: a file with the authorities of clients.";
        if (ClientCaPath.Length > 0 && EffectiveMode == Tls.ClientCertificateMode.NoCertificate)
            yield return $"{place}.ClientCaPath is set, but {place}.ClientCertificateMode is NoCertificate: no client would be asked.";
    }
}
