using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using CoLlm.ServiceDefaults.Files;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>Reads certificates and keys, and says in one sentence what keeps a file from being used.</summary>
internal static class PemFiles
{
    private const string CertificateSetting = $"{nameof(TlsListenOptions.Certificate)}.{nameof(CertificateOptions.Path)}";
    private const string KeySetting = $"{nameof(TlsListenOptions.Certificate)}.{nameof(CertificateOptions.KeyPath)}";

    /// <summary>Files that a certificate is made of, as <see cref="MakeCertificate"/> wants them.</summary>
    public static SettingFile[] FilesOf(CertificateOptions options) => [new(CertificateSetting, options.Path), new(KeySetting, options.KeyPath)];

    /// <exception cref="SettingFileException">A file cannot be used.</exception>
    public static SslStreamCertificateContext LoadCertificate(CertificateOptions options)
    {
        SettingFile[] files = FilesOf(options);
        return MakeCertificate(files, [.. files.Select(file => file.Read())]);
    }

    /// <exception cref="SettingFileException">The file cannot be used.</exception>
    public static X509Certificate2Collection LoadAuthorities(string setting, string path)
    {
        var file = new SettingFile(setting, path);
        return MakeAuthorities(file, file.Read());
    }

    /// <summary>A certificate with its key and the chain behind it, of two files.</summary>
    public static SslStreamCertificateContext MakeCertificate(IReadOnlyList<SettingFile> files, IReadOnlyList<byte[]> contents)
    {
        (SettingFile certificateFile, SettingFile keyFile) = (files[0], files[1]);
        X509Certificate2Collection chain = MakeAuthorities(certificateFile, contents[0]);
        string key = Encoding.UTF8.GetString(contents[1]);
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new SettingFileException(keyFile.Setting, $"the key in {keyFile.Path} is encrypted; one without a password is needed.");
        try
        {
            X509Certificate2 own = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(contents[0]), key);
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(own, chain, offline: true);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new SettingFileException(keyFile.Setting, $"{keyFile.Path} has no key that fits the certificate in {certificateFile.Path}: {exception.Message}");
        }
    }

    /// <summary>Every certificate of a file; at least one.</summary>
    public static X509Certificate2Collection MakeAuthorities(SettingFile file, byte[] content)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPem(Encoding.UTF8.GetString(content));
        }
        catch (CryptographicException exception)
        {
            throw new SettingFileException(file.Setting, $"{file.Path} has a certificate that cannot be read: {exception.Message}");
        }

        return certificates.Count > 0 ? certificates : throw new SettingFileException(file.Setting, $"{file.Path} has no certificate in PEM form.");
    }
}
