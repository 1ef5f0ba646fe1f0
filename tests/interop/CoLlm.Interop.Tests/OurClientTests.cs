using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CoLlm.Testing;
using Grpc.Net.Client;

namespace CoLlm.Interop.Tests;

/// <summary>Every case of the interoperability list, performed by our client against a server in another language and against our own.</summary>
public sealed class OurClientTests(InteropHost host, PeerServers servers) : IClassFixture<InteropHost>, IClassFixture<PeerServers>
{
    private const string Ours = "ours";

    public static TheoryData<string, string> Cases
    {
        get
        {
            TheoryData<string, string> cases = InteropCases.ForEveryPeer();
            foreach (string name in InteropCases.Names)
                cases.Add(Ours, name);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task OurClient_CaseAgainstPeer_Passes(string peer, string name)
    {
        PeerEndpoints endpoints = await EndpointsAsync(peer);
        using SocketsHttpHandler handler = new();
        await PerformAsync(peer, name, $"http://127.0.0.1:{endpoints.Plain}", handler);
    }

    [Theory]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("go")]
    [InlineData(Ours)]
    public async Task OurClient_PingPongOverTls_Passes(string peer)
    {
        PeerEndpoints endpoints = await EndpointsAsync(peer);
        using X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(endpoints.CertificatePath);
        using SocketsHttpHandler handler = new();
        handler.SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { authority },
            },
        };
        await PerformAsync(peer, "ping_pong", $"https://localhost:{endpoints.Tls}", handler);
    }

    [Theory]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("go")]
    [InlineData(Ours)]
    public async Task OurClient_PingPongOverAUnixSocket_Passes(string peer)
    {
        PeerEndpoints endpoints = await EndpointsAsync(peer);
        using SocketsHttpHandler handler = new();
        handler.ConnectCallback = async (_, cancellationToken) =>
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(endpoints.Socket), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        };
        await PerformAsync(peer, "ping_pong", "http://localhost", handler);
    }

    private static async Task PerformAsync(string peer, string name, string address, SocketsHttpHandler handler)
    {
        CompressionWatch watch = new(handler);
        using GrpcChannel channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = watch });
        bool isOurs = peer == Ours;
        await InteropCases.PerformAsync(name, new InteropTarget(
            channel.CreateCallInvoker(),
            watch,
            ChecksRequestCompression: isOurs || Peer.Named(peer).ChecksRequestCompression,
            CompressesResponses: isOurs || Peer.Named(peer).CompressesResponses));
    }

    private async Task<PeerEndpoints> EndpointsAsync(string peer) => peer == Ours ? host.Endpoints : await servers.StartAsync(peer);
}

/// <summary>The peers as servers, each started once.</summary>
public sealed class PeerServers : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly ConcurrentDictionary<string, Lazy<Task<(PeerProcess Process, PeerEndpoints Endpoints)>>> _started = new();
    private readonly Lazy<TestCertificate> _certificate;

    public PeerServers()
    {
        _certificate = new Lazy<TestCertificate>(() => TestCertificate.Create(_folder.Path));
    }

    internal async Task<PeerEndpoints> StartAsync(string peer) =>
        (await _started.GetOrAdd(peer, name => new(() => StartServerAsync(name))).Value).Endpoints;

    public void Dispose()
    {
        foreach (Lazy<Task<(PeerProcess Process, PeerEndpoints)>> peer in _started.Values.Where(peer => peer.Value.IsCompletedSuccessfully))
            peer.Value.Result.Process.Dispose();

        _folder.Dispose();
    }

    private async Task<(PeerProcess Process, PeerEndpoints Endpoints)> StartServerAsync(string peer)
    {
        string socket = Path.Combine(_folder.Path, peer + ".sock");
        TestCertificate certificate = _certificate.Value;
        PeerProcess process = await Peer.Named(peer).StartAsync("server", socket, certificate.PemPath, certificate.KeyPath);
        JsonElement ports = process.Greeting;
        return (process, new PeerEndpoints(
            ports.GetProperty("plain").GetInt32(), ports.GetProperty("tls").GetInt32(), socket, certificate.PemPath));
    }
}
