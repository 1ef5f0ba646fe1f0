namespace CoLlm.ServiceDefaults.Tls;

/// <summary>What a listener wants to know of its clients.</summary>
public enum ClientCertificateMode
{
    /// <summary>They are not asked for a certificate.</summary>
    NoCertificate,

    /// <summary>They may come without one; one that is shown must be good.</summary>
    AllowCertificate,

    /// <summary>They must show a good one.</summary>
    RequireCertificate,
}
