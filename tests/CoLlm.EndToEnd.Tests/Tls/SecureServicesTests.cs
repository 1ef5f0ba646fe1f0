using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.OtherLanguages;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using CoLlm.Testing.Certificates;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.EndToEnd.Tests.Tls;

/// <summary>With certificates on every connection the services write what they write in cleartext, and speak to nobody else.</summary>
[Collection<SharedServicesCollection>]
public sealed class SecureServicesTests(SharedServices services, SecureServices secure) : IClassFixture<SecureServices>
{
    [Theory]
    [InlineData(CollaborationMode.Defer, 1)]
    [InlineData(CollaborationMode.Compose, 2)]
    [InlineData(CollaborationMode.ExpertOnly, 3)]
    public async Task Generate_OverMutualTls_EqualsCleartext(CollaborationMode mode, int seed)
    {
        GenerateRequest request = Scenario.Any(mode, seed).ToMessage();
        Answered expected = await services.WithFirst.GenerateAsync(request);
        Answered answer = await secure.Router.GenerateAsync(request);
        Assert.Equal(TokenRow.Of(expected.Tokens), TokenRow.Of(answer.Tokens));
        Assert.True(answer.Summary!.Experts.Sum(expert => expert.CallCount) > 0);
    }

    [Fact]
    public Task Generate_FromPythonOverTls_BringsTheSameTokenEvents() => PythonClient.CheckAsync(secure.Router, secure.Authority.CaPath);

    [Fact]
    public async Task Generate_ClientDoesNotTrustTheRouter_IsUnavailable()
    {
        using RouterClient stranger = new(secure.Router.Process);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => stranger.GenerateAsync(new Scenario().ToMessage()));
        Assert.Contains(refused.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Generate_ExpertAndRouterDoNotTrustEachOther_FailsNamingTheExpert(bool showsCertificate, bool trusts)
    {
        using TestAuthority other = new("Other");
        object settings = secure.RouterSettings(showsCertificate ? "router" : null, trusts ? secure.Authority.CaPath : other.CaPath);
        await using CollmProcess process = await CollmProcess.StartAsync("router", settings);
        using RouterClient router = new(process, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = secure.Authority.Trust } },
            DisposeHttpClient = true,
        });
        Answered answer = await router.GenerateAsync(new Scenario { Mode = CollaborationMode.ExpertOnly }.ToMessage());
        Assert.Equal(FinishReason.ExpertUnavailable, answer.Summary!.FinishReason);
        Assert.Contains("https://127.0.0.1:", answer.Summary.Failure.Message, StringComparison.Ordinal);
        TestContext.Current.TestOutputHelper?.WriteLine(answer.Summary.Failure.Message);
    }
}
