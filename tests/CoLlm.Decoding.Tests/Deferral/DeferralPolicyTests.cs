using CoLlm.Decoding.Deferral;

namespace CoLlm.Decoding.Tests.Deferral;

/// <summary>Policies as pure functions.</summary>
public sealed class DeferralPolicyTests
{
    [Theory]
    [InlineData(0.5f, 0.5f, false)]
    [InlineData(0.5f, 0.50001f, true)]
    [InlineData(1f, 1f, false)]
    [InlineData(0f, 0f, false)]
    [InlineData(-1f, 0f, true)]
    public void Decide_Threshold_IsComparedStrictly(float threshold, float probability, bool defers)
    {
        DeferralDecision decision = new ThresholdPolicy(threshold).Decide(Input(probability: probability, expert: 3));
        Assert.Equal(defers ? 3 : null, decision.ExpertIndex);
        Assert.Equal(defers ? DeferralReason.AboveThreshold : DeferralReason.BelowThreshold, decision.Reason);
        Assert.Equal(threshold, decision.Threshold);
    }

    [Fact]
    public void ThresholdAt_WarmUp_FallsFromOneToItsValue()
    {
        var policy = new ThresholdPolicy(0.2f, WarmUpTokens: 4);
        Assert.Equal([1f, 0.8f, 0.6f, 0.4f, 0.2f, 0.2f], Enumerable.Range(0, 6).Select(policy.ThresholdAt), (a, b) => MathF.Abs(a - b) < 1e-6f);
        Assert.False(policy.Decide(Input(step: 0, probability: 0.999f)).IsDeferred);
        Assert.True(policy.Decide(Input(step: 2, probability: 0.61f)).IsDeferred);
    }

    [Fact]
    public void Decide_CountBudgetSpent_KeepsBaseAndSaysWhy()
    {
        var policy = new BudgetedPolicy(new ThresholdPolicy(-1f), MaxDeferrals: 3, MaxRate: null);
        Assert.True(policy.Decide(Input(deferrals: 2)).IsDeferred);
        Assert.Equal(new DeferralDecision(null, DeferralReason.BudgetSpent, -1f), policy.Decide(Input(deferrals: 3)));
    }

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.25f)]
    [InlineData(0.5f)]
    [InlineData(1f)]
    public void Decide_RateBudget_IsNeverExceeded(float maxRate)
    {
        var policy = new BudgetedPolicy(new ThresholdPolicy(-1f), null, maxRate);
        int deferrals = 0;
        for (int step = 0; step < 200; step++)
        {
            deferrals += policy.Decide(Input(step: step, deferrals: deferrals)).IsDeferred ? 1 : 0;
            Assert.True(deferrals <= maxRate * (step + 1));
        }

        Assert.Equal((int)(200 * maxRate), deferrals);
    }

    [Fact]
    public void Decide_BudgetOnABaseToken_ChangesNothing()
    {
        var policy = new BudgetedPolicy(new ThresholdPolicy(0.5f), MaxDeferrals: 0, MaxRate: null);
        Assert.Equal(DeferralReason.BelowThreshold, policy.Decide(Input(probability: 0.1f)).Reason);
        Assert.False(policy.MayDefer);
    }

    [Fact]
    public void Decide_Random_KeepsItsRateAndRepeats()
    {
        var policy = new RandomPolicy(0.3f, Seed: 9);
        bool[] first = [.. Enumerable.Range(0, 10_000).Select(position => policy.Decide(Input(position: position)).IsDeferred)];
        Assert.InRange(first.Count(deferred => deferred), 2850, 3150);
        Assert.Equal(first, Enumerable.Range(0, 10_000).Select(position => policy.Decide(Input(position: position)).IsDeferred));
        Assert.False(new RandomPolicy(0f, 9).MayDefer);
        Assert.DoesNotContain(false, Enumerable.Range(0, 1000).Select(position => new RandomPolicy(1f, 9).Decide(Input(position: position)).IsDeferred));
    }

    [Fact]
    public void Decide_Fixed_IgnoresTheSwapHead()
    {
        Assert.Equal(2, new FixedPolicy(2).Decide(Input(probability: 0f)).ExpertIndex);
        Assert.Null(new FixedPolicy(null).Decide(Input(probability: 1f)).ExpertIndex);
    }

    [Theory]
    [InlineData(0.5f, 0.45f, true)]
    [InlineData(0.5f, 0.59f, true)]
    [InlineData(0.5f, 0.39f, false)]
    [InlineData(0.1f, 0.13f, true)]
    [InlineData(0.1f, 0.15f, false)]
    [InlineData(0.004f, 0.005f, true)]
    [InlineData(0.004f, 0.0001f, false)]
    [InlineData(1f, 0.95f, false)]
    [InlineData(-1f, 0.01f, false)]
    public void IsUnsure_ProbabilityNearARealThreshold_IsContested(float threshold, float probability, bool expected)
    {
        DeferralDecision decision = new ThresholdPolicy(threshold).Decide(Input(probability: probability));
        Assert.Equal(expected, new ContestedRule(0.1f).IsUnsure(probability, decision));
        Assert.False(new ContestedRule(0.1f).IsUnsure(null, decision));
        Assert.False(new ContestedRule(0.1f).IsUnsure(probability, new DeferralDecision(0, DeferralReason.Random)));
    }

    private static DeferralInput Input(int step = 0, int position = 0, float probability = 0.5f, int expert = 0, int deferrals = 0) =>
        new(step, position, probability, expert, deferrals);
}
