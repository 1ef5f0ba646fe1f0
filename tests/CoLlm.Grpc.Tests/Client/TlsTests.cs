using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CoLlm.Grpc.Tests.Protos;
using CoLlm.Grpc.Tests.Server;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>Calls over TLS: whom the client trusts, and whom the server then knows.</summary>
public sealed class TlsTests
{
    private static readonly X509Certificate2 ServerCertificate = Certify("server");
    private static readonly X509Certificate2 ClientCertificate = Certify("client");

    [Fact]
    public async Task Calls_OfEveryShapeOverTls_AreServed()
    {
        await using EchoHost host = await StartAsync();
        using GrpcChannel channel = Connect(host, trusted: ServerCertificate);
        Echo.EchoClient client = new(channel);
        EchoRequest request = new() { Payload = ByteString.CopyFromUtf8("over TLS"), Repeat = 3 };
        Assert.Equal(request.Payload, (await client.UnaryAsync(request, cancellationToken: TestContext.Current.CancellationToken)).Payload);
        using var expand = client.Expand(request, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(3, (await expand.ResponseStream.ReadAllAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken)).Count);
        using var collect = client.Collect(cancellationToken: TestContext.Current.CancellationToken);
        await collect.RequestStream.WriteAsync(request, TestContext.Current.CancellationToken);
        await collect.RequestStream.CompleteAsync();
        Assert.Equal(1, (await collect).Index);
        using var chat = client.Chat(cancellationToken: TestContext.Current.CancellationToken);
        await chat.RequestStream.WriteAsync(request, TestContext.Current.CancellationToken);
        Assert.True(await chat.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Call_ToAServerThatIsNotTrusted_FailsBeforeItIsSent()
    {
        bool isReached = false;
        await using EchoHost host = await StartAsync(_ => isReached = true);
        using GrpcChannel channel = Connect(host, trusted: ClientCertificate);
        Status status = await EchoMethods.StatusOf(async () => await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest(), cancellationToken: TestContext.Current.CancellationToken));
        Assert.True(status.StatusCode is StatusCode.Unavailable or StatusCode.Internal, $"{status}");
        Assert.False(isReached);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AuthContext_ClientCertificate_IsTheCallers(bool isShown)
    {
        AuthContext? seen = null;
        await using EchoHost host = await StartAsync(context => seen = context.AuthContext);
        using GrpcChannel channel = Connect(host, trusted: ServerCertificate, shown: isShown ? ClientCertificate : null);
        await new Echo.EchoClient(channel).UnaryAsync(new EchoRequest(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(isShown, seen!.IsPeerAuthenticated);
        Assert.Equal(isShown ? ["client"] : [], seen.FindPropertiesByName("x509_common_name").Select(property => property.Value));
    }

    private static Task<EchoHost> StartAsync(Action<ServerCallContext>? look = null)
    {
        EchoBehavior behavior = look is null ? new EchoBehavior() : new EchoBehavior
        {
            Unary = (request, context) =>
            {
                look(context);
                return Task.FromResult(new EchoReply { Payload = request.Payload });
            },
        };
        return EchoHost.StartAsync(behavior, listen: endpoint => endpoint.UseHttps(https =>
        {
            https.ServerCertificate = ServerCertificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (certificate, _, _) => certificate.Thumbprint == ClientCertificate.Thumbprint;
        }));
    }

    private static GrpcChannel Connect(EchoHost host, X509Certificate2 trusted, X509Certificate2? shown = null)
    {
        SslClientAuthenticationOptions tls = new()
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate?.GetCertHashString() == trusted.Thumbprint,
            ClientCertificates = shown is null ? null : [shown],
        };
        return GrpcChannel.ForAddress(host.Address, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { SslOptions = tls },
            DisposeHttpClient = true,
        });
    }

    private static X509Certificate2 Certify(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
