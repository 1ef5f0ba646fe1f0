using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;
using CoLlm.Testing;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Refusals;

/// <summary>A router whose expert cannot be asked, because it is not there or does not fit, does what the request says.</summary>
[Collection<SharedServicesCollection>]
public sealed class UnreachableExpertTests(SharedServices services) : IAsyncLifetime
{
    private static readonly Scenario Deferring = new() { Threshold = 0.5f, MaxNewTokens = 24 };

    private readonly PausingProxy _proxy = new();
    private CollmProcess? _process;
    private RouterClient? _router;

    private RouterClient Router => _router!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Generate_NoExpertThere_FailsWaitsOrFallsBackAsAsked()
    {
        await StartAsync(SharedServices.First, _proxy.Address);

        // Fail: what the base has written so far stands.
        Answered failed = await Router.GenerateAsync(Request(WhenExpertUnavailable.Fail));
        Assert.Equal(FinishReason.ExpertUnavailable, failed.Summary!.FinishReason);
        Assert.Equal(FailureReason.ExpertUnavailable, failed.Summary.Failure.Reason);
        Assert.Contains(_proxy.Address, failed.Summary.Failure.Message, StringComparison.Ordinal);

        // Base: every deferred token is marked and counted.
        Answered fallenBack = await Router.GenerateAsync(Request(WhenExpertUnavailable.Base));
        Answered alone = await Router.GenerateAsync((Deferring with { Mode = CollaborationMode.BaseOnly }).ToMessage());
        Assert.Equal(alone.TokenIds, fallenBack.TokenIds);
        Assert.All(fallenBack.Tokens, token => Assert.Equal(token.Reason == DeferralReason.AboveThreshold, token.IsFallback));
        Assert.Equal(fallenBack.Tokens.Count(token => token.IsFallback), fallenBack.Summary!.FallbackTokenCount);
        Assert.NotEqual(0, fallenBack.Summary.FallbackTokenCount);

        // Wait: for no longer than asked; and the answer goes on once the expert is there.
        Answered impatient = await Router.GenerateAsync(Request(WhenExpertUnavailable.Wait, milliseconds: 1));
        Assert.Equal(FinishReason.ExpertUnavailable, impatient.Summary!.FinishReason);
        using AsyncServerStreamingCall<GenerateResponse> call = Router.Begin(Request(WhenExpertUnavailable.Wait, milliseconds: 120_000));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        _proxy.Connect(services.Expert.Address);
        Answered patient = await RouterClient.ReadAsync(call, new Answered());
        Answered undisturbed = await services.WithFirst.GenerateAsync(Deferring.ToMessage());
        Assert.True(patient.Summary!.Failure is null, patient.Summary.ToString());
        Assert.Equal(TokenRow.Of(undisturbed.Tokens), TokenRow.Of(patient.Tokens));
    }

    [Fact]
    public async Task Generate_ExpertWithOtherTokenizer_IsRefusedWithBothValues()
    {
        await StartAsync(SharedServices.Stranger, services.Expert.Address);
        Answered answer = await Router.GenerateAsync(Request(WhenExpertUnavailable.Wait, milliseconds: 120_000));

        Failure failure = answer.Summary!.Failure;
        Assert.Equal((FinishReason.ExpertUnavailable, FailureReason.TokenizerMismatch), (answer.Summary.FinishReason, failure.Reason));
        Assert.Contains(TokenizerOf("co-llm-tiny").FingerprintOf(512), failure.Message, StringComparison.Ordinal);
        Assert.Contains(TokenizerOf(SharedServices.Stranger).Fingerprint, failure.Message, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _router?.Dispose();
        if (_process is not null)
            await _process.DisposeAsync();
        await _proxy.DisposeAsync();
    }

    private static GenerateRequest Request(WhenExpertUnavailable wish, int milliseconds = 0)
    {
        GenerateRequest request = Deferring.ToMessage();
        request.Collaboration.WhenUnavailable = wish;
        request.Collaboration.ExpertWaitMs = milliseconds;
        return request;
    }

    private static Tokenizer TokenizerOf(string model) => Tokenizer.Load(RepositoryPaths.Golden("models", model));

    private async Task StartAsync(string expert, string address)
    {
        _process = await CollmProcess.StartAsync("router", Settings.Router(null, (expert, [address])));
        _router = new RouterClient(_process);
    }
}
