namespace CoLlm.Decoding.Deferral;

/// <summary>Always the same model, whatever the swap head says.</summary>
/// <param name="ExpertIndex">The expert that writes every token; null: the base.</param>
public sealed record FixedPolicy(int? ExpertIndex) : DeferralPolicy
{
    public override bool MayDefer => ExpertIndex is not null;

    public override DeferralDecision Decide(in DeferralInput input) => new(ExpertIndex, DeferralReason.Fixed);
}
