using CoLlm.ServiceDefaults.Files;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>What a client at <c>https://</c> addresses trusts, and what it shows.</summary>
public sealed record TlsConnectOptions
{
    /// <summary>PEM file with the authorities that the server's certificate must come from.</summary>
    /// <value>empty: those that the system trusts.</value>
    public string CaPath { get; init; } = "";

    /// <summary>What is shown to a server that asks.</summary>
    /// <value>null: nothing.</value>
    public CertificateOptions? Certificate { get; init; }

    /// <summary>The name that the server's certificate must have.</summary>
    /// <value>empty: the host of the address; for replicas behind a name, that name.</value>
    public string ServerName { get; init; } = "";

    /// <summary>A sentence for each value that cannot be used; files are read.</summary>
    /// <param name="place">What the sentences call these options.</param>
    public IEnumerable<string> FindProblems(string place)
    {
        if (CaPath.Length > 0 && SettingFileException.Of(() => PemFiles.LoadAuthorities(nameof(CaPath), CaPath)) is { } authorities)
            yield return $"{place}.{authorities}";
        if (Certificate is { } own && SettingFileException.Of(() => PemFiles.LoadCertificate(own)) is { } certificate)
            yield return $"{place}.{certificate}";
        if (ServerName.Length > 0 && Uri.CheckHostName(ServerName) == UriHostNameType.Unknown)
            yield return $"{place}.ServerName is \"{ServerName}\", which is no host name.";
    }
}
