namespace CoLlm.Training.Losses;

/// <summary>Sums over the target positions of one or several batches.</summary>
/// <param name="TargetCount">Positions that counted.</param>
/// <param name="LossSum">Their losses.</param>
/// <param name="BaseLossSum">Minus the base's log-probabilities of their tokens.</param>
/// <param name="DeferralSum">Their probabilities of deferring to any expert.</param>
/// <param name="DeferralCount">Positions at which that probability is above one half.</param>
internal readonly record struct LossTotals(int TargetCount, double LossSum, double BaseLossSum, double DeferralSum, int DeferralCount)
{
    public double MeanLoss => TargetCount == 0 ? 0 : LossSum / TargetCount;

    public static LossTotals operator +(LossTotals a, LossTotals b) => new(
        a.TargetCount + b.TargetCount, a.LossSum + b.LossSum, a.BaseLossSum + b.BaseLossSum, a.DeferralSum + b.DeferralSum,
        a.DeferralCount + b.DeferralCount);
}
