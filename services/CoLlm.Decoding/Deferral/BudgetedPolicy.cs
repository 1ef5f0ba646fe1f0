namespace CoLlm.Decoding.Deferral;

/// <summary>Lets another policy decide until the request's budget of deferrals is spent.</summary>
/// <param name="Inner">The policy that decides.</param>
/// <param name="MaxDeferrals">Most deferrals in the answer; null: any number.</param>
/// <param name="MaxRate">Largest share of the tokens written so far, the one decided included; null: any.</param>
public sealed record BudgetedPolicy(DeferralPolicy Inner, int? MaxDeferrals, float? MaxRate) : DeferralPolicy
{
    public override bool MayDefer => Inner.MayDefer && MaxDeferrals != 0;

    public override DeferralDecision Decide(in DeferralInput input)
    {
        DeferralDecision wanted = Inner.Decide(input);
        return wanted.IsDeferred && !Allows(input) ? new DeferralDecision(null, DeferralReason.BudgetSpent, wanted.Threshold) : wanted;
    }

    private bool Allows(in DeferralInput input) =>
        (MaxDeferrals is not { } most || input.DeferralCount < most)
        && (MaxRate is not { } rate || input.DeferralCount + 1 <= (double)rate * (input.Step + 1));
}
