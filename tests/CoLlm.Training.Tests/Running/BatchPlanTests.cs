using CoLlm.Training.Running;

namespace CoLlm.Training.Tests.Running;

public sealed class BatchPlanTests
{
    [Fact]
    public void SequencesOf_OneEpoch_HoldsEverySequenceOnce()
    {
        BatchPlan plan = new(10, 4, 2, seed: 7);

        Assert.Equal(6, plan.TotalSteps);
        for (int epoch = 0; epoch < 2; epoch++)
        {
            int[] seen = [.. Enumerable.Range(epoch * 3, 3).SelectMany(step => plan.SequencesOf(step).ToArray())];
            Assert.Equal(Enumerable.Range(0, 10), seen.Order());
        }
    }

    [Fact]
    public void SequencesOf_StepAskedForFirst_IsTheSameAsInOrder()
    {
        BatchPlan inOrder = new(50, 8, 3, seed: 7);
        List<int[]> steps = [.. Enumerable.Range(0, inOrder.TotalSteps).Select(step => inOrder.SequencesOf(step).ToArray())];

        Assert.Equal(steps[15], new BatchPlan(50, 8, 3, seed: 7).SequencesOf(15).ToArray());
        Assert.NotEqual(steps[0], steps[inOrder.StepsPerEpoch]);
    }

    [Fact]
    public void Passes_OversizedSequence_GetsAPassOfItsOwn()
    {
        int[][] passes = [.. BatchPlan.Passes([3, 4, 50, 2, 2], rows => rows, maxRows: 8).Select(pass => pass.ToArray())];

        Assert.Equal([[3, 4], [50], [2, 2]], passes);
    }
}
