using System.Collections.Concurrent;
using System.Text.Json;

namespace CoLlm.Interop.Tests;

/// <summary>Every case of the interoperability list, performed by a client in another language against our server.</summary>
public sealed class OurServerTests(InteropHost host, PeerClients clients) : IClassFixture<InteropHost>, IClassFixture<PeerClients>
{
    public static TheoryData<string, string> Cases => InteropCases.ForEveryPeer();

    [Theory]
    [MemberData(nameof(Cases))]
    public Task OurServer_PeerPerformsCase_Passes(string peer, string name) =>
        AssertPassesAsync(peer, name, $"127.0.0.1:{host.Endpoints.Plain}");

    [Theory]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("go")]
    public Task OurServer_PeerPerformsPingPongOverTls_Passes(string peer) =>
        AssertPassesAsync(peer, "ping_pong", $"localhost:{host.Endpoints.Tls} {host.Endpoints.CertificatePath}");

    [Theory]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("go")]
    public Task OurServer_PeerPerformsPingPongOverAUnixSocket_Passes(string peer) =>
        AssertPassesAsync(peer, "ping_pong", $"unix:{host.Endpoints.Socket}");

    private async Task AssertPassesAsync(string peer, string name, string target)
    {
        PeerProcess client = await clients.StartAsync(peer);
        JsonElement outcome = await client.AskAsync($"{name} {target}");
        Assert.Equal(name, outcome.GetProperty("case").GetString());
        Assert.Null(outcome.GetProperty("error").GetString());
    }
}

/// <summary>The peers as clients, each started once.</summary>
public sealed class PeerClients : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<Task<PeerProcess>>> _started = new();

    internal Task<PeerProcess> StartAsync(string peer) =>
        _started.GetOrAdd(peer, name => new Lazy<Task<PeerProcess>>(() => Peer.Named(name).StartAsync("client"))).Value;

    public void Dispose()
    {
        foreach (Lazy<Task<PeerProcess>> peer in _started.Values.Where(peer => peer.Value.IsCompletedSuccessfully))
            peer.Value.Result.Dispose();
    }
}
