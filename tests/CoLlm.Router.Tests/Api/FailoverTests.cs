using System.Net;
using System.Net.Sockets;
using CoLlm.Protocol.V1;
using CoLlm.Router.Experts;
using CoLlm.Router.Tests.Peers;
using CoLlm.Testing.Telemetry;
using Grpc.Core;

namespace CoLlm.Router.Tests.Api;

/// <summary>Whatever happens to an expert's sessions, the answer is that of an undisturbed run, or says why there is none.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private const float Threshold = 0.45f;

    private readonly EngineExpert _model = new("pair-expert");

    /// <summary>Holds a port without listening there: nobody else can, and connections are refused.</summary>
    private readonly Socket _deaf = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private int[] _undisturbed = [];

    public async ValueTask InitializeAsync()
    {
        await using ScriptedExpert expert = await _model.StartAsync();
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options(expert.Address));
        _undisturbed = (await router.GenerateAsync(RouterUnderTest.Request(threshold: Threshold))).TokenIds;
    }

    public ValueTask DisposeAsync()
    {
        _deaf.Dispose();
        return _model.DisposeAsync();
    }

    public static TheoryData<int> Seeds => [1, 2, 3, 4, 5, 6];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Generate_StreamLostAtRandomPoints_GivesTheSameTokens(int seed)
    {
        var chance = new Random(seed);
        await using ScriptedExpert expert = await _model.StartAsync((_, _, _) =>
            chance.Next(4) == 0 ? throw new RpcException(new Status(StatusCode.Unavailable, "Lost.")) : Task.CompletedTask);
        await using RouterUnderTest router = await StartAsync(options => options with { MaxAttempts = 16, MaxBackoff = TimeSpan.FromMilliseconds(10) }, expert);
        GenerateRequest request = Waiting();

        Answered answer = await router.GenerateAsync(request);

        Assert.Equal(_undisturbed, answer.TokenIds);
        Assert.Equal(expert.Sessions.Count - 1, answer.Summary!.Experts[0].FailoverCount);
        Assert.Equal(Enumerable.Range(0, expert.Sessions.Count), expert.Sessions.Select(session => session.Open!.Epoch));
        await AssertHomeAsync(router, expert);
    }

    [Fact]
    public async Task Generate_OnlyReplicaDropsAStream_ReconnectsEvenWhereNothingShallWait()
    {
        await using ScriptedExpert expert = await _model.StartAsync((_, number, question) =>
            number < 3 && question == 2 ? throw new RpcException(new Status(StatusCode.Unavailable, "Lost.")) : Task.CompletedTask);
        await using RouterUnderTest router = await StartAsync(options => options with { InitialBackoff = TimeSpan.FromMinutes(1), MaxBackoff = TimeSpan.FromMinutes(1) }, expert);

        Answered answer = await router.GenerateAsync(RouterUnderTest.Request(threshold: Threshold));

        Assert.Equal(_undisturbed, answer.TokenIds);
        Assert.Equal((3, 0), (answer.Summary!.Experts[0].FailoverCount, answer.Summary.Experts[0].FailedCallCount));
    }

    [Theory]
    [InlineData(FailureReason.Evicted)]
    [InlineData(FailureReason.Draining)]
    [InlineData(FailureReason.PrefixMismatch)]
    [InlineData(FailureReason.Internal)]
    [InlineData(FailureReason.TooManySessions)]
    public async Task Generate_SessionEndedByNotice_OpensAnotherAndGivesTheSameTokens(FailureReason reason)
    {
        await using ScriptedExpert expert = await _model.StartAsync(async (session, number, question) =>
        {
            if (number > 1 || question != 3)
                return;
            await session.NoticeAsync(reason, endsSession: true);
            throw new RpcException(new Status(StatusCode.OK, ""));
        });
        await using RouterUnderTest router = await StartAsync(options => options, expert);

        Answered answer = await router.GenerateAsync(Waiting());

        Assert.Equal(_undisturbed, answer.TokenIds);
        Assert.Equal(2, answer.Summary!.Experts[0].FailoverCount);
    }

    [Fact]
    public async Task Generate_QuestionRefusedForTheMoment_AsksAgainOnTheSameSession()
    {
        await using ScriptedExpert expert = await _model.StartAsync(async (session, _, question) =>
        {
            if (question % 3 != 1)
                return;
            await session.NoticeAsync(FailureReason.Overloaded, endsSession: false, notice => notice.Failure.RetryAfterMs = 5);
            await session.ReadAskAsync();
        });
        await using RouterUnderTest router = await StartAsync(options => options, expert);

        Answered answer = await router.GenerateAsync(RouterUnderTest.Request(threshold: Threshold));

        Assert.Equal(_undisturbed, answer.TokenIds);
        Assert.Single(expert.Sessions);
    }

    [Fact]
    public async Task Generate_ReplicaAnnouncesThatItStops_MovesToAnotherBeforeItDoes()
    {
        await using ScriptedExpert stopping = await _model.StartAsync((session, _, question) =>
            question == 2 ? session.NoticeAsync(FailureReason.Draining, endsSession: false) : Task.CompletedTask);
        await using ScriptedExpert staying = await _model.StartAsync();
        await using RouterUnderTest router = await StartAsync(options => options, stopping, staying);

        Answered answer = await router.GenerateAsync(RouterUnderTest.Request(threshold: Threshold));

        Assert.Equal(_undisturbed, answer.TokenIds);
        Assert.Equal((1, 1), (stopping.Sessions.Count, staying.Sessions.Count));
        Assert.Equal(0, answer.Summary!.Experts[0].FailedCallCount);
    }

    [Fact]
    public async Task Generate_ReplicaDies_ContinuesOnTheOther()
    {
        await using ScriptedExpert dying = await _model.StartAsync();
        dying.Script = async (session, number) =>
        {
            await session.GrantAsync();
            await session.ReadAskAsync();
            _ = dying.KillAsync();
            await session.ReadAskAsync();
        };
        await using ScriptedExpert staying = await _model.StartAsync();
        await using RouterUnderTest router = await StartAsync(options => options, dying, staying);

        Answered answer = await router.GenerateAsync(RouterUnderTest.Request(threshold: Threshold));

        Assert.Equal(_undisturbed, answer.TokenIds);
        Assert.Single(staying.Sessions);
    }

    [Fact]
    public async Task Generate_ExpertBreaksTheProtocol_UsesNoneOfWhatItSaid()
    {
        await using ScriptedExpert broken = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.GrantAsync();
            while (await session.ReadAskAsync() is not null)
                await session.AnswerAsync(answer => answer.TokenId = 600);
        });
        await using RouterUnderTest router = await StartAsync(options => options, broken);

        Answered answer = await router.GenerateAsync(Falling());

        Assert.Equal(32, answer.Tokens.Count);
        Assert.DoesNotContain(answer.Tokens, token => token.Origin == Origin.Expert);
        Assert.True(answer.Summary!.FallbackTokenCount > 0);
    }

    [Fact]
    public async Task Generate_LateAndDoubleAnswers_AreCountedAndChangeNothing()
    {
        await using ScriptedExpert expert = await _model.StartAsync(async (session, _, question) =>
        {
            if (question == 0)
                return;
            await session.AnswerAsync(answer => (answer.Position, answer.TokenId) = (answer.Position - 1, 9));
        });
        await using RouterUnderTest router = await StartAsync(options => options, expert);
        using var recorded = new RecordedMetrics(router.Application.Services);

        Answered answer = await router.GenerateAsync(RouterUnderTest.Request(threshold: Threshold));

        Assert.Equal(_undisturbed, answer.TokenIds);
        Assert.Equal(answer.Summary!.Experts[0].CallCount - 1, recorded.Sum("collm.expert.stale_replies"));
    }

    [Fact]
    public async Task Generate_NoReplicaAndFail_EndsWithWhatIsWrittenAndTheReason()
    {
        await using RouterUnderTest router = await StartUnreachableAsync();
        GenerateRequest request = RouterUnderTest.Request(threshold: Threshold);
        request.Collaboration.WhenUnavailable = WhenExpertUnavailable.Fail;

        Answered answer = await router.GenerateAsync(request);

        Assert.Equal(FinishReason.ExpertUnavailable, answer.Summary!.FinishReason);
        Assert.Equal(FailureReason.ExpertUnavailable, answer.Summary.Failure.Reason);
        Assert.Contains("None of the 1 replicas of expert expert can be reached", answer.Summary.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(_undisturbed.Take(answer.Tokens.Count), answer.TokenIds);
        Assert.Equal(1, answer.Summary.Experts[0].FailedCallCount);
    }

    [Fact]
    public async Task Generate_NoReplicaAndBase_EqualsTheBaseAloneWithEveryDeferralMarked()
    {
        await using RouterUnderTest router = await StartUnreachableAsync();
        GenerateRequest alone = RouterUnderTest.Request();
        alone.Collaboration.Mode = CollaborationMode.BaseOnly;

        Answered answer = await router.GenerateAsync(Falling());

        Assert.Equal((await router.GenerateAsync(alone)).TokenIds, answer.TokenIds);
        Assert.All(answer.Tokens, token => Assert.Equal(token.DeferralProbability > Threshold, token.IsFallback));
        Assert.All(answer.Tokens.Where(token => token.IsFallback), token => Assert.True(token.IsContested));
        Assert.Equal(answer.Tokens.Count(token => token.IsFallback), answer.Summary!.FallbackTokenCount);
    }

    [Fact]
    public async Task Generate_NoReplicaAndWait_FailsOnceThePatienceIsOver()
    {
        await using RouterUnderTest router = await StartUnreachableAsync();
        GenerateRequest request = Waiting();
        request.Collaboration.ExpertWaitMs = 60;

        Answered answer = await router.GenerateAsync(request);

        Assert.Equal(FinishReason.ExpertUnavailable, answer.Summary!.FinishReason);
        Assert.InRange(answer.Summary.Times.ExpertWaitUs, 50_000, 120_000_000);
    }

    [Theory]
    [InlineData(FailureReason.TokenizerMismatch)]
    [InlineData(FailureReason.VocabularyMismatch)]
    [InlineData(FailureReason.ProtocolVersionMismatch)]
    public async Task Generate_ExpertDoesNotFit_SaysBothValues(FailureReason reason)
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync(async (session, _) =>
        {
            await session.ReadAsync();
            await session.NoticeAsync(reason, endsSession: true, notice => (notice.Sent, notice.Held) = ("this", "that"));
        });
        await using RouterUnderTest router = await StartAsync(options => options, expert);

        Answered answer = await router.GenerateAsync(RouterUnderTest.Request(threshold: Threshold));

        Assert.Equal(FinishReason.ExpertUnavailable, answer.Summary!.FinishReason);
        Assert.Equal(reason, answer.Summary.Failure.Reason);
        Assert.Contains("(sent this, held that)", answer.Summary.Failure.Message, StringComparison.Ordinal);
    }

    private static GenerateRequest Waiting()
    {
        GenerateRequest request = RouterUnderTest.Request(threshold: Threshold);
        request.Collaboration.WhenUnavailable = WhenExpertUnavailable.Wait;
        return request;
    }

    private static GenerateRequest Falling()
    {
        GenerateRequest request = RouterUnderTest.Request(threshold: Threshold);
        request.Collaboration.WhenUnavailable = WhenExpertUnavailable.Base;
        return request;
    }

    private static Task<RouterUnderTest> StartAsync(Func<ExpertOptions, ExpertOptions> change, params ScriptedExpert[] experts)
    {
        ExpertOptions expert = RouterUnderTest.Expert("expert", [.. experts.Select(expert => expert.Address)]);
        return RouterUnderTest.StartAsync(RouterUnderTest.Options() with { Experts = [change(expert)] });
    }

    private Task<RouterUnderTest> StartUnreachableAsync()
    {
        _deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return RouterUnderTest.StartAsync(RouterUnderTest.Options($"http://{_deaf.LocalEndPoint}"));
    }

    private static async Task AssertHomeAsync(RouterUnderTest router, ScriptedExpert expert)
    {
        Assert.Equal(0, router.Statistics.KvBlocksReserved);
        Assert.Equal(0, router.Model.Experts[0].SessionCount);
        for (int i = 0; i < expert.Sessions.Count; i++)
            Assert.True(await expert.Ended.WaitAsync(TimeSpan.FromMinutes(2)));
    }
}
