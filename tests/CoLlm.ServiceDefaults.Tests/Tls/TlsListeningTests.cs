using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using CoLlm.ServiceDefaults.Files;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Tls;
using CoLlm.Testing.Certificates;

namespace CoLlm.ServiceDefaults.Tests.Tls;

/// <summary>Real handshakes: who is let in, what is shown, and what happens when files are replaced.</summary>
public sealed class TlsListeningTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new("Stranger");

    public TlsListeningTests()
    {
        _authority.Issue("server", ["localhost", "127.0.0.1"]);
        _authority.Issue("router", []);
        _stranger.Issue("intruder", []);
    }

    [Fact]
    public async Task Handshake_AuthorityIsTrusted_Succeeds()
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown);
        Assert.Equal("nobody", await server.AskAsync(new() { CaPath = _authority.CaPath }));
    }

    [Fact]
    public async Task Handshake_AuthorityIsNotTrusted_IsRefusedByTheClient()
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.AskAsync(new()));
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => server.AskAsync(new() { CaPath = _stranger.CaPath }));
        Assert.Contains("remote certificate", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", null, true)]
    [InlineData("localhost", null, true)]
    [InlineData("", "localhost", true)]
    [InlineData("elsewhere", null, false)]
    [InlineData("", "elsewhere", false)]
    [InlineData("localhost", "elsewhere", true)]
    public async Task Handshake_NameOfTheCertificate_MustBeTheOneExpected(string serverName, string? host, bool isGood)
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown);
        TlsConnectOptions options = new() { CaPath = _authority.CaPath, ServerName = serverName };
        if (isGood)
            Assert.Equal("nobody", await server.AskAsync(options, host));
        else
            await Assert.ThrowsAsync<HttpRequestException>(() => server.AskAsync(options, host));
    }

    [Theory]
    [InlineData(null, "router", "CN=router")]
    [InlineData(null, "intruder", null)]
    [InlineData(null, null, null)]
    [InlineData(ClientCertificateMode.AllowCertificate, "router", "CN=router")]
    [InlineData(ClientCertificateMode.AllowCertificate, null, "nobody")]
    [InlineData(ClientCertificateMode.AllowCertificate, "intruder", null)]
    public async Task Handshake_ClientsAreAsked_LetsInThoseOfTheAuthority(ClientCertificateMode? mode, string? client, string? answer)
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown with { ClientCaPath = _authority.CaPath, ClientCertificateMode = mode });
        Task<string> asking = server.AskAsync(new() { CaPath = _authority.CaPath, Certificate = client is null ? null : Of(client) });
        if (answer is not null)
        {
            Assert.Equal(answer, await asking);
            return;
        }

        await Assert.ThrowsAsync<HttpRequestException>(() => asking);
        Assert.Contains(server.Log.Lines, line => line.StartsWith("Warning: A client's certificate is refused", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Handshake_ManyAreRefused_IsLoggedOnceASecond()
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown with { ClientCaPath = _authority.CaPath });
        for (int i = 0; i < 3; i++)
            await Assert.ThrowsAsync<HttpRequestException>(() => server.AskAsync(new() { CaPath = _authority.CaPath }));
        Assert.Single(server.Log.Lines, line => line.StartsWith("Warning: A client's certificate is refused", StringComparison.Ordinal));

        server.Time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<HttpRequestException>(() => server.AskAsync(new() { CaPath = _authority.CaPath }));
        Assert.EndsWith("Others since the last such line: 2.", server.Log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handshake_ProbesWhereClientsMustShowCertificates_NeedNone()
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown with { ClientCaPath = _authority.CaPath });
        using HttpClient http = new(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = _authority.Trust } });
        CancellationToken token = TestContext.Current.CancellationToken;
        Assert.Equal("nobody", await http.GetStringAsync(server.AddressOf(ListenerKind.Health), token));
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(server.AddressOf(ListenerKind.Http), token));
    }

    [Theory]
    [InlineData(ListenerKind.Grpc, "HTTP/2")]
    [InlineData(ListenerKind.Health, null)]
    [InlineData(ListenerKind.Http, null)]
    public async Task ServedAt_AnotherListener_DoesNotFindIt(ListenerKind listener, string? answer)
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown);
        using HttpClient http = new(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = _authority.Trust } });
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(server.AddressOf(listener), "/grpc")) { Version = new Version(2, 0) };
        using HttpResponseMessage response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(answer, response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken) : null);
    }

    [Fact]
    public async Task Handshake_CertificateIsRenewed_ShowsTheNewOneWithoutARestart()
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown);
        string before = await ThumbprintAsync(server);
        string renewed = _authority.Issue("server", ["localhost"], days: 60);
        Assert.Equal(before, await ThumbprintAsync(server));

        server.Time.Advance(FileBacked<string>.LookInterval);
        Assert.Equal(renewed, await ThumbprintAsync(server));
        Assert.Contains(server.Log.Lines, line => line.StartsWith("Information: ", StringComparison.Ordinal) && line.Contains("server.crt", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Handshake_RenewalIsHalfWritten_KeepsTheOldOneAndSaysSoOnce()
    {
        await using SecureServer server = await SecureServer.StartAsync(Shown);
        string before = await ThumbprintAsync(server);
        string key = await File.ReadAllTextAsync(_authority.KeyPath("server"), TestContext.Current.CancellationToken);
        string renewed = _authority.Issue("server", ["localhost"]);
        string newKey = await File.ReadAllTextAsync(_authority.KeyPath("server"), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(_authority.KeyPath("server"), key, TestContext.Current.CancellationToken);
        for (int look = 0; look < 3; look++)
        {
            server.Time.Advance(FileBacked<string>.LookInterval);
            Assert.Equal(before, await ThumbprintAsync(server));
        }

        Assert.Single(server.Log.Lines, line => line.StartsWith("Warning: What was read before is used on: Certificate.KeyPath: ", StringComparison.Ordinal));
        await File.WriteAllTextAsync(_authority.KeyPath("server"), newKey, TestContext.Current.CancellationToken);
        server.Time.Advance(FileBacked<string>.LookInterval);
        Assert.Equal(renewed, await ThumbprintAsync(server));
    }

    [Fact]
    public async Task Handshake_AuthorityOfClientsIsReplaced_TurnsTheOldOnesAway()
    {
        using TestAuthority clients = new("Clients");
        clients.Issue("old", []);
        await using SecureServer server = await SecureServer.StartAsync(Shown with { ClientCaPath = clients.CaPath });
        TlsConnectOptions client = new() { CaPath = _authority.CaPath, Certificate = new() { Path = clients.CertificatePath("old"), KeyPath = clients.KeyPath("old") } };
        Assert.Equal("CN=old", await server.AskAsync(client));

        File.Copy(_authority.CaPath, clients.CaPath, overwrite: true);
        server.Time.Advance(FileBacked<string>.LookInterval);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.AskAsync(client));
        Assert.Equal("CN=router", await server.AskAsync(client with { Certificate = Of("router") }));
    }

    [Fact]
    public async Task Start_CertificateHasExpired_SaysSo()
    {
        _authority.Issue("server", ["localhost"], days: -1);
        await using SecureServer server = await SecureServer.StartAsync(Shown);
        Assert.Contains(server.Log.Lines, line => line.StartsWith("Warning: The certificate CN=server in ", StringComparison.Ordinal));
        await Assert.ThrowsAsync<HttpRequestException>(() => server.AskAsync(new() { CaPath = _authority.CaPath, ServerName = "localhost" }));
    }

    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
    }

    private TlsListenOptions Shown => new() { Certificate = Of("server") };

    private CertificateOptions Of(string file)
    {
        TestAuthority from = file == "intruder" ? _stranger : _authority;
        return new CertificateOptions { Path = from.CertificatePath(file), KeyPath = from.KeyPath(file) };
    }

    private async Task<string> ThumbprintAsync(SecureServer server)
    {
        string? shown = null;
        SslClientAuthenticationOptions trust = new() { CertificateChainPolicy = _authority.Trust, RemoteCertificateValidationCallback = Look };
        using HttpClient http = SecureServer.Client(new SocketsHttpHandler { SslOptions = trust });
        Uri address = new UriBuilder(server.AddressOf(ListenerKind.Grpc)) { Host = "localhost" }.Uri;
        await http.GetStringAsync(address, TestContext.Current.CancellationToken);
        return shown!;

        bool Look(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            shown = certificate!.GetCertHashString();
            return errors == SslPolicyErrors.None;
        }
    }
}
