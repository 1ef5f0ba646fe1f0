namespace CoLlm.ServiceDefaults.Tls;

/// <summary>A certificate and its private key, each a PEM file; both are read again when they change.</summary>
public sealed record CertificateOptions
{
    /// <summary>The certificate, followed by those of the authorities between it and the root.</summary>
    public string Path { get; init; } = "";

    /// <summary>Its private key, RSA or ECDSA, unencrypted.</summary>
    public string KeyPath { get; init; } = "";
}
