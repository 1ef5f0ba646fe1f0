using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Tests;
using CoLlm.Inference.Sampling;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Torch.Tests;

/// <summary>What the backend promises besides its numbers: refusals, the fate of overflow, wanted rows, blocks.</summary>
public sealed class TorchBackendTests
{
    [Theory]
    [InlineData(ElementType.BFloat16, float.NaN)]
    [InlineData(ElementType.Float16, float.PositiveInfinity)]
    [InlineData(ElementType.Float32, float.NegativeInfinity)]
    public void Load_WeightNotFinite_NamesTensorAndElement(ElementType type, float value)
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), type) { Spoiled = ("model.layers.1.mlp.up_proj.weight", 1234, value) };
        CheckpointException exception = Assert.Throws<CheckpointException>(() => TorchUnderTest.Load(checkpoint, ComputeFormat.AsStored));
        Assert.Contains("'model.layers.1.mlp.up_proj.weight'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("element 1234", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_WeightTooLargeForTheFormat_SaysWhichFormatsHoldIt()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.Float32) { Spoiled = ("lm_head.weight", 77, 1e5f) };
        CheckpointException exception = Assert.Throws<CheckpointException>(() => TorchUnderTest.Load(checkpoint, ComputeFormat.Float16));
        Assert.Equal("Tensor 'lm_head.weight' holds 100000 at element 77, too large for Float16; load the model as BFloat16 or Float32.", exception.Message);
    }

    [Fact]
    public void Load_WithProgress_RisesToOne()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16);
        List<double> told = [];
        using TorchBackend backend = TorchBackend.Load(checkpoint, new TorchBackendOptions { Device = TorchUnderTest.Device }, new Told(told));
        Assert.Equal(told.Order(), told);
        Assert.Equal(1, told[^1], 12);
    }

    [Fact]
    public void Run_ActivationsOverflow_NamesTheSequenceAndSparesTheOthers()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.Float32)
        {
            Spoiled = ("model.embed_tokens.weight", (5 * 40) + 3, 3e38f), // only token 5 overflows
        };
        using TorchBackend backend = TorchUnderTest.Load(checkpoint);
        backend.AllocateKvCache(2, 16, 16, 16);
        var plan = new StepPlan();
        var output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        plan.Add([1, 2], 0, [0], [1]);
        plan.Add([5], 0, [1], []);
        NonFiniteActivationException exception = Assert.Throws<NonFiniteActivationException>(() => backend.Run(plan, output));
        Assert.Equal(1, exception.SequenceIndex);

        // The failed row's block serves another sequence: nothing of it may be left behind the mask.
        float[] clean = Last(backend, plan, output, [1, 2], 0);
        Assert.Equal(clean, Last(backend, plan, output, [1, 2], 1));
        Assert.All(clean, logit => Assert.True(float.IsFinite(logit)));
    }

    [Fact]
    public void Run_ReducedRowOverflows_NamesTheSequence()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.Float32)
        {
            Spoiled = ("model.embed_tokens.weight", (5 * 40) + 3, 3e38f),
        };
        using TorchBackend backend = TorchUnderTest.Load(checkpoint);
        backend.AllocateKvCache(2, 16, 16, 16);
        var plan = new StepPlan();
        var output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        OutputReduction drawn = OutputReduction.Token(SamplingParameters.Create(1f, topK: 5, topP: 0.5f, repetitionPenalty: 1.1f), 70);
        plan.Add([1, 2], 0, [0], [1], drawn, new[] { 1, 2 });
        plan.Add([5], 0, [1], [0], drawn, new[] { 5 });
        Assert.Equal(1, Assert.Throws<NonFiniteActivationException>(() => backend.Run(plan, output)).SequenceIndex);
    }

    [Fact]
    public void Run_WholeAndReducedRowsInOneStep_ComeBackEachAsWanted()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16);
        using TorchBackend backend = TorchUnderTest.Load(checkpoint);
        backend.AllocateKvCache(3, 16, 16, 16);
        var plan = new StepPlan();
        var output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        int[] tokens = [3, 1, 4];
        plan.Add(tokens, 0, [0], [0, 2], OutputReduction.TopK(3, 75), tokens);
        plan.Add(tokens, 0, [1], [0, 2]);
        plan.Add(tokens, 0, [2], [0, 2], OutputReduction.Score(new[] { 1, 9 }, 75), tokens);
        backend.Run(plan, output);
        for (int i = 0; i < 2; i++)
        {
            float[] logits = output.Logits(2 + i).ToArray();
            int[] heaviest = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(3)];
            double logSum = Math.Log(logits.Sum(logit => Math.Exp(logit)));
            Assert.Equal(heaviest, output.Entries(i).ToArray().Select(entry => entry.TokenId));
            Assert.Equal([i == 0 ? 1 : 9, heaviest[0]], output.Entries(4 + i).ToArray().Select(entry => entry.TokenId));
            Assert.All(
                [.. output.Entries(i), .. output.Entries(4 + i)], entry => Assert.Equal(logits[entry.TokenId] - logSum, entry.LogProbability, 1e-4));
        }
    }

    [Fact]
    public void Run_NoRowWanted_StillFillsTheCacheAndBlocksCanBeCopied()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16);
        int[] tokens = [3, 1, 4, 1, 5, 9, 2, 6];
        using TorchBackend whole = TorchUnderTest.Load(checkpoint);
        float[] expected = new BackendSequence(whole, 16).Advance(tokens).Logits[^1];

        using TorchBackend backend = TorchUnderTest.Load(checkpoint);
        backend.AllocateKvCache(2, 16, 16, 1);
        var plan = new StepPlan();
        var output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        plan.Add(tokens.AsSpan(0, 7), 0, [0], []);
        backend.Run(plan, output);
        backend.CopyBlock(0, 1);
        plan.Clear();
        plan.Add(tokens.AsSpan(7), 7, [1], [0]);
        backend.Run(plan, output);
        Testing.Golden.GoldenTolerance.AssertClose(expected, output.Logits(0), Testing.Golden.GoldenTolerance.CachedLogits, "last logits");
    }

    [Fact]
    public void KvBlockBytes_OfAFormat_IsWhatKeysAndValuesTake()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16);
        using TorchBackend single = TorchUnderTest.Load(checkpoint);
        using TorchBackend half = TorchUnderTest.Load(checkpoint, ComputeFormat.AsStored);
        Assert.Equal(2 * 2 * 16 * 2 * 8 * 4, single.KvBlockBytes(16));
        Assert.Equal(single.KvBlockBytes(16) / 2, half.KvBlockBytes(16));
    }

    private static float[] Last(TorchBackend backend, StepPlan plan, StepOutput output, int[] tokens, int block)
    {
        plan.Clear();
        plan.Add(tokens, 0, [block], [tokens.Length - 1]);
        backend.Run(plan, output);
        return output.Logits(0).ToArray();
    }

    private sealed class Told(List<double> values) : IProgress<double>
    {
        public void Report(double value) => values.Add(value);
    }
}
