using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>Reads certificates and keys, and says in one sentence what keeps a file from being used.</summary>
internal static class PemFiles
{
    /// <summary>Far above what any chain or bundle of authorities needs.</summary>
    private const int MaxFileBytes = 4 << 20;

    private const string CertificateSetting = $"{nameof(TlsListenOptions.Certificate)}.{nameof(CertificateOptions.Path)}";
    private const string KeySetting = $"{nameof(TlsListenOptions.Certificate)}.{nameof(CertificateOptions.KeyPath)}";

    /// <summary>Files that a certificate is made of, as <see cref="MakeCertificate"/> wants them.</summary>
    public static TlsFile[] FilesOf(CertificateOptions options) => [new(CertificateSetting, options.Path), new(KeySetting, options.KeyPath)];

    /// <exception cref="TlsFileException">A file cannot be used.</exception>
    public static SslStreamCertificateContext LoadCertificate(CertificateOptions options)
    {
        TlsFile[] files = FilesOf(options);
        return MakeCertificate(files, [.. files.Select(Read)]);
    }

    /// <exception cref="TlsFileException">The file cannot be used.</exception>
    public static X509Certificate2Collection LoadAuthorities(string setting, string path)
    {
        var file = new TlsFile(setting, path);
        return MakeAuthorities(file, Read(file));
    }

    /// <exception cref="TlsFileException">The file is missing, cannot be read or is too large.</exception>
    public static byte[] Read(TlsFile file)
    {
        if (file.Path.Length == 0)
            throw new TlsFileException(file.Setting, "it is not set.");
        try
        {
            using FileStream stream = File.OpenRead(file.Path);
            if (stream.Length > MaxFileBytes)
                throw new TlsFileException(file.Setting, $"{file.Path} has {stream.Length} bytes; at most {MaxFileBytes} are read.");
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new TlsFileException(file.Setting, $"{file.Path} cannot be read: {exception.Message}");
        }
    }

    /// <summary>A certificate with its key and the chain behind it, of two files.</summary>
    public static SslStreamCertificateContext MakeCertificate(IReadOnlyList<TlsFile> files, IReadOnlyList<byte[]> contents)
    {
        (TlsFile certificateFile, TlsFile keyFile) = (files[0], files[1]);
        X509Certificate2Collection chain = MakeAuthorities(certificateFile, contents[0]);
        string key = Encoding.UTF8.GetString(contents[1]);
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new TlsFileException(keyFile.Setting, $"the key in {keyFile.Path} is encrypted; one without a password is needed.");
        try
        {
            X509Certificate2 own = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(contents[0]), key);
            chain.RemoveAt(0);
            return SslStreamCertificateContext.Create(own, chain, offline: true);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new TlsFileException(keyFile.Setting, $"{keyFile.Path} has no key that fits the certificate in {certificateFile.Path}: {exception.Message}");
        }
    }

    /// <summary>Every certificate of a file; at least one.</summary>
    public static X509Certificate2Collection MakeAuthorities(TlsFile file, byte[] content)
    {
        X509Certificate2Collection certificates = [];
        try
        {
            certificates.ImportFromPem(Encoding.UTF8.GetString(content));
        }
        catch (CryptographicException exception)
        {
            throw new TlsFileException(file.Setting, $"{file.Path} has a certificate that cannot be read: {exception.Message}");
        }

        return certificates.Count > 0 ? certificates : throw new TlsFileException(file.Setting, $"{file.Path} has no certificate in PEM form.");
    }
}

/// <summary>A file that a setting names.</summary>
internal sealed record TlsFile(string Setting, string Path);
