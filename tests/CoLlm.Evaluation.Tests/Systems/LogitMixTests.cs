using CoLlm.Evaluation.Systems;
using CoLlm.Inference.Sampling;

namespace CoLlm.Evaluation.Tests.Systems;

/// <summary>Mixing rows of logits.</summary>
public sealed class LogitMixTests
{
    [Fact]
    public void Contrastive_PlausibleTokens_AreRaisedWhereTheSmallModelDoubts()
    {
        float[] result = new float[3];
        LogitMix.Contrastive([[2f, 1.9f, 1f], [3f, 0f, 0f]], result);
        Assert.Equal(1, VocabularyScan.Argmax(result));
        Assert.Equal([1.5f, 2.85f, 1.5f], result, (a, b) => MathF.Abs(a - b) < 1e-5f);
    }

    [Fact]
    public void Contrastive_CutOff_IsTakenOnTheExpertsScores()
    {
        // The small model hates token 2, but the expert gives it less than a tenth of its best.
        float cut = MathF.Log(0.1f);
        float[] result = new float[3];
        LogitMix.Contrastive([[0f, cut + 0.01f, cut - 0.01f], [0f, -1f, -50f]], result);
        Assert.Equal(float.NegativeInfinity, result[2]);
        Assert.True(float.IsFinite(result[1]));
    }

    [Fact]
    public void Contrastive_ConstantAddedToAModel_ChangesNoChoice()
    {
        float[] plain = new float[3];
        float[] shifted = new float[3];
        LogitMix.Contrastive([[1f, 2f, 1.5f], [0f, 3f, -1f]], plain);
        LogitMix.Contrastive([[101f, 102f, 101.5f], [-40f, -37f, -41f]], shifted);
        Assert.Equal(VocabularyScan.Argmax(plain), VocabularyScan.Argmax(shifted));
    }

    [Fact]
    public void Proxy_Difference_IsAddedToTheLargeModel()
    {
        float[] result = new float[2];
        LogitMix.Proxy([[1f, 2f], [5f, 1f], [2f, 1f]], result);
        Assert.Equal([4f, 2f], result);
    }
}
