using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using CoLlm.ServiceDefaults.Files;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Tls;

/// <summary>The certificate that this process shows: always what its files say. Safe to use from any thread.</summary>
internal sealed class OwnCertificate
{
    private readonly FileBacked<SslStreamCertificateContext> _context;

    /// <exception cref="SettingFileException">A file cannot be used.</exception>
    public OwnCertificate(CertificateOptions options, TimeProvider time, ILogger logger)
    {
        SettingFile[] files = PemFiles.FilesOf(options);
        _context = new FileBacked<SslStreamCertificateContext>(files, Make, time, logger);

        SslStreamCertificateContext Make(byte[][] contents)
        {
            SslStreamCertificateContext context = PemFiles.MakeCertificate(files, contents);
            X509Certificate2 own = context.TargetCertificate;
            DateTimeOffset from = own.NotBefore, to = own.NotAfter;
            if (time.GetUtcNow() is var now && (now < from || now > to))
                logger.NotValidNow(own.Subject, options.Path, from, to);
            return context;
        }
    }

    public SslStreamCertificateContext Context => _context.Current;
}
