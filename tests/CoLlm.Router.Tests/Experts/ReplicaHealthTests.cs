using CoLlm.Protocol.V1;
using CoLlm.Router.Experts;

namespace CoLlm.Router.Tests.Experts;

/// <summary>When a replica is tried again.</summary>
public sealed class ReplicaHealthTests
{
    private static readonly StreamFailure Lost = new(FailureReason.ExpertUnavailable, "Gone.");

    private readonly ManualTime _time = new();

    [Fact]
    public void Failed_Repeatedly_DoublesTheStepUpToItsBoundWithJitterOfHalf()
    {
        ReplicaHealth health = Health();
        TimeSpan[] waits = [.. Enumerable.Range(0, 6).Select(_ => Fail(health))];

        double[] steps = [0.1, 0.2, 0.4, 0.8, 1, 1];
        Assert.All(waits.Zip(steps), pair => Assert.InRange(pair.First.TotalSeconds, pair.Second / 2 - 1e-6, pair.Second + 1e-6));
    }

    [Fact]
    public void Failed_SameSeed_WaitsEquallyLong() => Assert.Equal(Fail(Health()), Fail(Health()));

    [Fact]
    public void IsAvailable_WaitOver_IsTriedAgain()
    {
        ReplicaHealth health = Health();
        TimeSpan wait = health.Failed(Lost);
        Assert.False(health.IsAvailable);
        _time.Advance(wait - TimeSpan.FromTicks(1));
        Assert.False(health.IsAvailable);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(health.IsAvailable);
    }

    [Fact]
    public void Succeeded_AfterFailures_ForgetsThem()
    {
        ReplicaHealth health = Health();
        for (int i = 0; i < 5; i++)
            health.Failed(Lost);
        health.Succeeded();

        Assert.True(health.IsAvailable);
        Assert.Null(health.LastFailure);
        Assert.InRange(health.Failed(Lost).TotalSeconds, 0.05, 0.1);
    }

    private TimeSpan Fail(ReplicaHealth health)
    {
        TimeSpan wait = health.Failed(Lost);
        _time.Advance(wait);
        return wait;
    }

    private ReplicaHealth Health() => new(TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(1), _time, new Random(1));
}
