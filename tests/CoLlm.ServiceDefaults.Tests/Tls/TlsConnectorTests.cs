using CoLlm.ServiceDefaults.Files;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Tls;
using CoLlm.Testing.Certificates;
using Microsoft.Extensions.Logging.Abstractions;

namespace CoLlm.ServiceDefaults.Tests.Tls;

/// <summary>What a client shows and trusts follows its files.</summary>
public sealed class TlsConnectorTests
{
    [Fact]
    public async Task Attach_FilesAreReplaced_NextConnectionUsesThem()
    {
        using TestAuthority authority = new(), next = new("Next");
        authority.Issue("server", ["127.0.0.1"]);
        authority.Issue("client", []);
        TlsListenOptions shown = new()
        {
            Certificate = new() { Path = authority.CertificatePath("server"), KeyPath = authority.KeyPath("server") },
            ClientCaPath = authority.CaPath,
        };
        await using SecureServer server = await SecureServer.StartAsync(shown);
        TlsConnectOptions options = new()
        {
            CaPath = next.CaPath,
            Certificate = new() { Path = authority.CertificatePath("client"), KeyPath = authority.KeyPath("client") },
        };
        TlsConnector connector = new(options, server.Time, NullLogger.Instance);
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(server, connector));

        File.Copy(authority.CaPath, next.CaPath, overwrite: true);
        await Assert.ThrowsAsync<HttpRequestException>(() => AskAsync(server, connector));
        server.Time.Advance(FileBacked<string>.LookInterval);
        Assert.Equal("CN=client", await AskAsync(server, connector));

        authority.Issue("other", []);
        File.Copy(authority.CertificatePath("other"), authority.CertificatePath("client"), overwrite: true);
        File.Copy(authority.KeyPath("other"), authority.KeyPath("client"), overwrite: true);
        server.Time.Advance(FileBacked<string>.LookInterval);
        Assert.Equal("CN=other", await AskAsync(server, connector));
    }

    private static async Task<string> AskAsync(SecureServer server, TlsConnector connector)
    {
        SocketsHttpHandler handler = new();
        connector.Attach(handler);
        using HttpClient http = SecureServer.Client(handler);
        return await http.GetStringAsync(server.AddressOf(ListenerKind.Grpc), TestContext.Current.CancellationToken);
    }
}
