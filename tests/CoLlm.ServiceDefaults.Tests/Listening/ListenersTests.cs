using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Tls;
using CoLlm.Testing;
using CoLlm.Testing.Certificates;

namespace CoLlm.ServiceDefaults.Tests.Listening;

/// <summary>Every mistake about listeners and certificates is one sentence that names the setting.</summary>
public sealed class ListenersTests : IDisposable
{
    private static readonly Listeners Secure = new() { Grpc = "https://127.0.0.1:0", MaxStreams = 1 };

    private readonly TestAuthority _authority = new();
    private readonly TemporaryDirectory _folder = new();

    public ListenersTests()
    {
        _authority.Issue("server", ["localhost"]);
        _authority.Issue("other", ["localhost"]);
    }

    [Fact]
    public void FindProblems_CertificateThatFits_HasNone() =>
        Assert.Empty((Secure with { Health = "http://127.0.0.1:0", Tls = new() { Certificate = Server, ClientCaPath = _authority.CaPath } }).FindProblems());

    [Theory]
    [InlineData("https://127.0.0.1:0", "", "", "Listen is https://127.0.0.1:0, which needs a certificate: Tls.Certificate.Path and Tls.Certificate.KeyPath.")]
    [InlineData("unix:/run/collm", "https://*:1", "", "HealthListen is https://*:1, which needs a certificate")]
    [InlineData("unix:/run/collm", "", "https://*:2", "HttpListen is https://*:2, which needs a certificate")]
    [InlineData("unix:/run/collm", "", "ftp://*:2", "HttpListen: \"ftp://*:2\" is no address")]
    public void FindProblems_AddressWithoutCertificate_NamesTheSetting(string grpc, string health, string http, string sentence) =>
        Check(new Listeners { Grpc = grpc, Health = health, Http = http, MaxStreams = 1 }, sentence);

    [Fact]
    public void FindProblems_CertificateAndNoSecureAddress_IsRefused() =>
        Check(Secure with { Grpc = "http://127.0.0.1:5100", Tls = new() { Certificate = Server } }, "Tls is set, but no address begins with https://");

    [Fact]
    public void FindProblems_FilesThatCannotBeUsed_AreNamed()
    {
        Check(Server with { Path = "" }, "Tls.Certificate.Path: it is not set.");
        Check(Server with { KeyPath = "" }, "Tls.Certificate.KeyPath: it is not set.");
        Check(Server with { Path = "/nowhere/tls.crt" }, "Tls.Certificate.Path: /nowhere/tls.crt cannot be read: ");
        Check(Server with { Path = _folder.Path }, $"Tls.Certificate.Path: {_folder.Path} cannot be read: ");
        Check(Server with { Path = _authority.KeyPath("server") }, "has no certificate in PEM form.");
        Check(Server with { Path = _folder.Write("bad.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") }, "has a certificate that cannot be read: ");
        Check(Server with { KeyPath = _authority.KeyPath("other") }, $"Tls.Certificate.KeyPath: {_authority.KeyPath("other")} has no key that fits the certificate");
        Check(Server with { KeyPath = _authority.CaPath }, $"Tls.Certificate.KeyPath: {_authority.CaPath} has no key that fits");
        Check(Server with { KeyPath = _folder.Write("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n") }, "is encrypted; one without a password is needed.");
        Check(Server with { KeyPath = _folder.Write("large.key", new byte[5 << 20]) }, "has 5242880 bytes; at most 4194304 are read.");
    }

    [Fact]
    public void FindProblems_ClientCertificates_NeedAnAuthority()
    {
        Check(
            Secure with { Tls = new() { Certificate = Server, ClientCertificateMode = ClientCertificateMode.RequireCertificate } },
            "Tls.ClientCertificateMode is RequireCertificate, which needs Tls.ClientCaPath");
        Check(
            Secure with { Tls = new() { Certificate = Server, ClientCaPath = _authority.CaPath, ClientCertificateMode = ClientCertificateMode.NoCertificate } },
            "Tls.ClientCaPath is set, but Tls.ClientCertificateMode is NoCertificate");
        Check(Secure with { Tls = new() { Certificate = Server, ClientCaPath = "/nowhere/ca.crt" } }, "Tls.ClientCaPath: /nowhere/ca.crt cannot be read: ");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    private CertificateOptions Server => new() { Path = _authority.CertificatePath("server"), KeyPath = _authority.KeyPath("server") };

    private static void Check(CertificateOptions certificate, string sentence) => Check(Secure with { Tls = new() { Certificate = certificate } }, sentence);

    private static void Check(Listeners listeners, string sentence) =>
        Assert.Contains(sentence, Assert.Single(listeners.FindProblems()), StringComparison.Ordinal);
}
