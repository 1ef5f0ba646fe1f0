using CoLlm.Training.Pipeline;
using CoLlm.Training.Scoring;

namespace CoLlm.Training.Tests.Pipeline;

public sealed class PseudoLabelsTests
{
    private static readonly TokenScores Base = new([-1f, -1f, -2f, -2f], [-1f, -1f, -0.5f, -0.5f]);
    private static readonly TokenScores Expert = new([-0.1f, -3f, -0.1f, -3f], [-0.1f, -0.2f, -0.1f, -0.2f]);

    [Fact]
    public void Of_DefaultVariant_WantsTheExpertRightAndTheBaseWrong() =>
        Assert.Equal([false, false, true, false], PseudoLabels.Of(LabelVariant.ExpertRightBaseWrong, Base, [Expert]));

    [Fact]
    public void Of_BaseWrongVariant_IgnoresTheExpert() =>
        Assert.Equal([false, false, true, true], PseudoLabels.Of(LabelVariant.BaseWrong, Base, [Expert]));

    [Fact]
    public void Of_TwoExperts_LabelsEachOnItsOwn() =>
        Assert.Equal([false, false, false, false, true, false, false, false], PseudoLabels.Of(LabelVariant.ExpertRightBaseWrong, Base, [Expert, Base]));
}
