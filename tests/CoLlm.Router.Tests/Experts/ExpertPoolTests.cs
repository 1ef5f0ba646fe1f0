using CoLlm.Protocol.V1;
using CoLlm.Router.Experts;
using CoLlm.Router.Tests.Peers;

namespace CoLlm.Router.Tests.Experts;

/// <summary>Which replica gets the next session, and what the pool says where none does.</summary>
public sealed class ExpertPoolTests
{
    private static readonly StreamFailure Lost = new(FailureReason.ExpertUnavailable, "Gone.");

    private readonly ManualTime _time = new();

    [Fact]
    public async Task TryAcquire_SeveralReplicas_TakesTheOneWithTheFewestSessions()
    {
        await using ExpertPool pool = Pool("http://a:1", "http://b:1", "http://c:1");
        ExpertReplica[] taken = [.. Enumerable.Range(0, 7).Select(_ => pool.TryAcquire(null, out StreamFailure? _)!)];
        Assert.Equal([3, 2, 2], pool.Replicas.Select(replica => replica.SessionCount));

        ExpertPool.Release(taken[2]);
        ExpertPool.Release(taken[5]);
        Assert.Same(taken[2], pool.TryAcquire(null, out _));
    }

    [Fact]
    public async Task TryAcquire_ReplicaToAvoid_IsTakenOnlyWhereNoOtherIsWell()
    {
        await using ExpertPool pool = Pool("http://a:1", "http://b:1");
        ExpertReplica avoided = pool.Replicas[0];
        Assert.Same(pool.Replicas[1], pool.TryAcquire(avoided, out _));
        Assert.Same(pool.Replicas[1], pool.TryAcquire(avoided, out _));
        pool.Replicas[1].Health.Failed(Lost);
        Assert.Same(avoided, pool.TryAcquire(avoided, out _));
    }

    [Fact]
    public async Task TryAcquire_EverySessionTaken_NamesTheBound()
    {
        await using ExpertPool pool = Pool("http://a:1");
        pool.TryAcquire(null, out _);
        pool.TryAcquire(null, out _);
        pool.TryAcquire(null, out _);

        Assert.Null(pool.TryAcquire(null, out StreamFailure? failure));
        Assert.Equal(FailureReason.TooManySessions, failure!.Reason);
        Assert.Contains("All 3 sessions", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TryAcquire_AllReplicasFailing_SaysWhenAndWhyAndTriesAgainThen()
    {
        await using ExpertPool pool = Pool("http://a:1", "http://b:1");
        foreach (ExpertReplica replica in pool.Replicas)
            replica.Health.Failed(Lost);

        Assert.Null(pool.TryAcquire(null, out StreamFailure? failure));
        Assert.Equal(FailureReason.ExpertUnavailable, failure!.Reason);
        Assert.Contains("None of the 2 replicas", failure.Message, StringComparison.Ordinal);
        Assert.Contains("Gone.", failure.Message, StringComparison.Ordinal);
        _time.Advance(failure.RetryAfter);
        Assert.NotNull(pool.TryAcquire(null, out _));
    }

    [Fact]
    public async Task DescribeAsync_ReplicaOfAnotherModel_IsNotUsedAndSaysBothFingerprints()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        expert.Description.Models[0].Fingerprint = "theirs";
        await using ExpertPool pool = Pool(new ExpertExpectation("expert", "ours"), expert.Address);

        Assert.Null(await pool.DescribeAsync(default));
        pool.TryAcquire(null, out StreamFailure? failure);

        Assert.Equal(FailureReason.ModelMismatch, failure!.Reason);
        Assert.Contains("model ours, but theirs is running", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DescribeAsync_UnknownModelNewerProtocolOrDraining_KeepsTheReplicaClosed()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        await AssertClosedAsync(expert, new ExpertExpectation("other", ""), FailureReason.UnknownModel, "has no model other; it has expert.");
        expert.Description.MinProtocolVersion = 5;
        expert.Description.MaxProtocolVersion = 6;
        await AssertClosedAsync(expert, new ExpertExpectation("expert", ""), FailureReason.ProtocolVersionMismatch, "5 to 6; this router speaks 1 to 1.");
    }

    [Fact]
    public async Task DescribeAsync_ReplicaWell_KeepsWhatItSaid()
    {
        await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
        await using ExpertPool pool = Pool(new ExpertExpectation("expert", ""), expert.Address);
        Assert.Equal(0, pool.ReachableReplicaCount);
        Assert.Equal(528, (await pool.DescribeAsync(default))!.VocabularySize);
        Assert.Equal(1, pool.ReachableReplicaCount);
    }

    private async Task AssertClosedAsync(ScriptedExpert expert, ExpertExpectation expectation, FailureReason reason, string sentence)
    {
        await using ExpertPool pool = Pool(expectation, expert.Address);
        Assert.Null(await pool.DescribeAsync(default));
        Assert.Null(pool.TryAcquire(null, out StreamFailure? failure));
        Assert.Equal(reason, failure!.Reason);
        Assert.Contains(sentence, failure.Message, StringComparison.Ordinal);
    }

    private ExpertPool Pool(params string[] addresses) => Pool(new ExpertExpectation("expert", ""), addresses);

    private ExpertPool Pool(ExpertExpectation expectation, params string[] addresses) => new(
        RouterUnderTest.Expert("expert", addresses) with { MaxSessionsPerReplica = 3 }, expectation, _time, jitterSeed: 1);
}
