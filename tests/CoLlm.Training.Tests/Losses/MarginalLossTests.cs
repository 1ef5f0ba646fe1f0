using CoLlm.Training.Losses;

namespace CoLlm.Training.Tests.Losses;

public sealed class MarginalLossTests
{
    [Fact]
    public void Compute_NoExperts_IsPlainCrossEntropy()
    {
        (double loss, double posterior, double deferral) = MarginalLoss.Compute(-2.5, [], [], []);

        Assert.Equal(2.5, loss, 1e-12);
        Assert.Equal(1, posterior);
        Assert.Equal(0, deferral);
    }

    [Fact]
    public void Compute_ExpertAsLikelyAsBase_TeachesTheHeadNothing()
    {
        double[] gradient = new double[1];

        MarginalLoss.Compute(-1.25, [0.7], [-1.25f], gradient);

        Assert.Equal(0, gradient[0], 1e-12);
    }

    [Theory]
    [InlineData(-0.0001f, 30)]
    [InlineData(-80f, -700)]
    [InlineData(-80f, 700)]
    [InlineData(float.NegativeInfinity, 2)]
    [InlineData(-1e-30f, 0)]
    public void Compute_ExtremeValues_StaysFinite(float expertLogProb, double deferralLogit)
    {
        double[] gradient = new double[1];

        (double loss, double posterior, double deferral) = MarginalLoss.Compute(-3, [deferralLogit], [expertLogProb], gradient);

        Assert.True(double.IsFinite(loss) && loss >= 0);
        Assert.InRange(posterior, 0, 1);
        Assert.InRange(deferral, 0, 1);
        Assert.InRange(gradient[0], -1, 1);
    }

    [Fact]
    public void Compute_SeveralExperts_AgreesWithTheDefinition()
    {
        double[] logits = [0.3, -1.1, 2];
        float[] logProbs = [-0.5f, -4f, -2f];
        double[] gradient = new double[3];

        (double loss, double posterior, double deferral) = MarginalLoss.Compute(-1.5, logits, logProbs, gradient);

        double[] weights = [1, .. logits.Select(Math.Exp)];
        double[] prior = [.. weights.Select(weight => weight / weights.Sum())];
        double[] joint = [prior[0] * Math.Exp(-1.5), .. Enumerable.Range(0, 3).Select(i => prior[i + 1] * Math.Exp(logProbs[i]))];
        Assert.Equal(-Math.Log(joint.Sum()), loss, 1e-9);
        Assert.Equal(joint[0] / joint.Sum(), posterior, 1e-9);
        Assert.Equal(1 - prior[0], deferral, 1e-9);
        for (int i = 0; i < 3; i++)
            Assert.Equal(prior[i + 1] - (joint[i + 1] / joint.Sum()), gradient[i], 1e-9);
    }
}
