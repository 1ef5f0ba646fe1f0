namespace CoLlm.Training.Losses;

/// <summary>
/// The loss of one token when either the base or one of the experts may have written it:
/// <c>-log sum over z of pi_z P_z(x)</c> with <c>pi = softmax(0, d_1 .. d_M)</c>, entry 0 being the base. With one expert
/// pi_1 is the sigmoid of its deferral logit; with none this is plain cross entropy.
/// </summary>
internal static class MarginalLoss
{
    /// <summary>No swap head chooses between more experts.</summary>
    public const int MaxExperts = 16;

    /// <summary>Computes the loss and its gradients in double precision, so that tokens an expert finds impossible do no harm.</summary>
    /// <param name="baseLogProb">The base's log-probability of the token.</param>
    /// <param name="deferralLogits">d, one per expert.</param>
    /// <param name="expertLogProbs">Each expert's log-probability of the token; minus infinity is allowed.</param>
    /// <param name="deferralGradients">Receives <c>dL/dd_z = pi_z - gamma_z</c>.</param>
    /// <returns>
    /// The loss, the posterior gamma_0 that the base wrote the token (which scales the gradient of its logits), and the prior
    /// probability of deferring.
    /// </returns>
    public static (double Loss, double BasePosterior, double DeferralProbability) Compute(
        double baseLogProb, ReadOnlySpan<double> deferralLogits, ReadOnlySpan<float> expertLogProbs, Span<double> deferralGradients)
    {
        double priorSum = LogSumExp(0, deferralLogits);
        Span<double> joint = stackalloc double[MaxExperts];
        joint = joint[..deferralLogits.Length];
        for (int i = 0; i < joint.Length; i++)
            joint[i] = deferralLogits[i] - priorSum + expertLogProbs[i];
        double baseJoint = baseLogProb - priorSum;
        double logLikelihood = LogSumExp(baseJoint, joint);
        for (int i = 0; i < joint.Length; i++)
            deferralGradients[i] = Math.Exp(deferralLogits[i] - priorSum) - Math.Exp(joint[i] - logLikelihood);

        // 1 - pi_0 loses its digits where the head is sure of the base; the sum of the others keeps them.
        double deferral = 0;
        foreach (double logit in deferralLogits)
            deferral += Math.Exp(logit - priorSum);
        return (-logLikelihood, Math.Exp(baseJoint - logLikelihood), deferral);
    }

    private static double LogSumExp(double first, ReadOnlySpan<double> others)
    {
        double greatest = first;
        foreach (double value in others)
            greatest = Math.Max(greatest, value);
        double sum = Math.Exp(first - greatest);
        foreach (double value in others)
            sum += Math.Exp(value - greatest);
        return greatest + Math.Log(sum);
    }
}
