using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Deferral;

/// <summary>Defers at random at a fixed rate: the baseline that shows what the swap head's choice is worth.</summary>
/// <param name="Rate">Share of positions to defer, 0 to 1.</param>
/// <param name="Seed">With the position it determines the draw.</param>
public sealed record RandomPolicy(float Rate, ulong Seed) : DeferralPolicy
{
    public override bool MayDefer => Rate > 0f;

    public override DeferralDecision Decide(in DeferralInput input) =>
        new(CounterRandom.Uniform(Seed, input.Position, CounterRandom.DeferralStream) < Rate ? input.ExpertIndex : null, DeferralReason.Random);
}
