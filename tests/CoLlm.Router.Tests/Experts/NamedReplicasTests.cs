using System.Net;
using System.Net.Sockets;
using CoLlm.Decoding;
using CoLlm.Decoding.Experts;
using CoLlm.Protocol.V1;
using CoLlm.Router.Experts;
using CoLlm.Router.Tests.Peers;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;

namespace CoLlm.Router.Tests.Experts;

/// <summary>Replicas behind a name come and go without a session noticing.</summary>
public sealed class NamedReplicasTests
{
    private static readonly ExpertQuestion Question = new(ExpertAnswerForm.Token, SamplingParameters.Greedy, TimeSpan.Zero);

    private readonly ManualTime _time = new();
    private volatile IPAddress[] _answer = [];

    [Fact]
    public async Task TryAcquire_NameNotLookedUpOrWithoutAddress_SaysSo()
    {
        await using ExpertPool pool = Pool("dns:///expert:9000");
        Assert.Null(pool.TryAcquire(null, out StreamFailure? failure));
        Assert.Equal((FailureReason.ExpertUnavailable, "Expert expert has no replica: its name has not been looked up yet."), (failure!.Reason, failure.Message));

        pool.Start();
        Assert.Null(await pool.DescribeAsync(default));
        pool.TryAcquire(null, out failure);
        Assert.Equal("Expert expert has no replica: expert has no address.", failure!.Message);
        Assert.Equal(pool.Options.ResolveInterval, failure.RetryAfter);
    }

    [Fact]
    public async Task Start_AddressesComeAndGo_NewSessionsGoWhereTheNamePoints()
    {
        await using ExpertPool pool = Pool("dns:///expert:9000");
        await AnswerAsync(pool, "10.0.0.1");
        Assert.Equal("10.0.0.1", pool.TryAcquire(null, out _)!.Address.Host);

        await AnswerAsync(pool, "10.0.0.1", "10.0.0.2");
        Assert.Equal("10.0.0.2", pool.TryAcquire(null, out _)!.Address.Host);

        await AnswerAsync(pool, "10.0.0.2");
        Assert.Equal("10.0.0.2", pool.TryAcquire(null, out _)!.Address.Host);
        Assert.Equal(3, pool.SessionCount);
    }

    [Fact]
    public async Task Start_AddressComesBackWhileASessionIsOpen_IsTheSameReplica()
    {
        await using ExpertPool pool = Pool("dns:///expert:9000");
        await AnswerAsync(pool, "10.0.0.1");
        ExpertReplica first = pool.TryAcquire(null, out _)!;
        await AnswerAsync(pool, "10.0.0.2");
        await AnswerAsync(pool, "10.0.0.3");
        await AnswerAsync(pool, "10.0.0.1", "10.0.0.3");
        Assert.Same(first, pool.Replicas[0]);
        Assert.Equal(1, first.SessionCount);
    }

    [Fact]
    public async Task AskAsync_ReplicaHasLeftTheName_KeepsItsSessionToTheEnd()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        await using ExpertPool pool = Pool($"dns:///expert:{new Uri(expert.Address).Port}");
        await AnswerAsync(pool, "127.0.0.1");
        using (RemoteExpertSession session = Session(pool))
        {
            List<int> tokens = [5, 6, 7];
            for (int asked = 0; asked < 4; asked++)
            {
                ExpertAnswer answer = await session.AskAsync(new TokenHistory([.. tokens], maxNewTokens: 1), Question, default);
                tokens.Add(answer.Token.TokenId);
                await AnswerAsync(pool, $"127.0.0.{asked + 2}");
            }

            Assert.Equal(0, session.Cost.FailoverCount);
        }

        await AnswerAsync(pool, "127.0.0.9");
        Assert.Equal(0, pool.SessionCount);
        Assert.Single(expert.Sessions);
        Assert.True(await expert.Ended.WaitAsync(TimeSpan.FromMinutes(2)));
    }

    [Fact]
    public async Task Generate_ExpertGivenByName_IsFoundByTheSystemsOwnLookUp()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options($"dns:///localhost:{new Uri(expert.Address).Port}"));
        await using (router)
        {
            Answered answer = await router.GenerateAsync(RouterUnderTest.Request(threshold: -1));
            Assert.Equal(32, answer.TokenIds.Length);
            Assert.Single(expert.Sessions);
        }
    }

    private static RemoteExpertSession Session(ExpertPool pool) => new(
        pool,
        new SessionTerms { Model = "expert", UsableVocabularySize = 512, MaxSequenceTokens = 512, Sampling = SamplingParameters.Greedy },
        TimeProvider.System,
        CancellationToken.None);

    /// <summary>Changes what the name stands for, and lets a round pass.</summary>
    private async Task AnswerAsync(ExpertPool pool, params string[] addresses)
    {
        bool isFirst = _answer.Length == 0;
        _answer = [.. addresses.Select(IPAddress.Parse)];
        if (isFirst)
            pool.Start();
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(2));
        while (!pool.Replicas.Select(replica => replica.Address.Host).SequenceEqual(addresses))
        {
            Assert.False(patience.IsCancellationRequested, $"The pool still has {string.Join(", ", pool.Replicas.Select(replica => replica.Address.Host))}.");
            _time.Advance(pool.Options.ResolveInterval);
            await Task.Yield();
        }
    }

    private ExpertPool Pool(string address) => new(
        RouterUnderTest.Expert("expert", address), new ExpertExpectation("expert", ""), _time, jitterSeed: 1, LookUpAsync);

    private Task<IPAddress[]> LookUpAsync(string host, CancellationToken cancellationToken) => host == "expert"
        ? Task.FromResult(_answer)
        : throw new SocketException((int)SocketError.HostNotFound);
}
