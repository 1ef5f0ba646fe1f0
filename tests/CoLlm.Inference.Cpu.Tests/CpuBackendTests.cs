using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Cpu.Tests;

/// <summary>What the backend promises besides its numbers: refusals, allocation, wanted rows.</summary>
public sealed class CpuBackendTests
{
    [Theory]
    [InlineData(WeightFormat.AsStored, ElementType.BFloat16, float.NaN)]
    [InlineData(WeightFormat.AsStored, ElementType.Float16, float.PositiveInfinity)]
    [InlineData(WeightFormat.AsStored, ElementType.Float32, float.NegativeInfinity)]
    [InlineData(WeightFormat.Int8, ElementType.BFloat16, float.NaN)]
    [InlineData(WeightFormat.Int4, ElementType.Float32, float.PositiveInfinity)]
    public void Load_WeightNotFinite_NamesTensorAndElement(WeightFormat format, ElementType type, float value)
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), type)
        {
            Spoiled = ("model.layers.1.mlp.up_proj.weight", 1234, value),
        };
        CheckpointException exception = Assert.Throws<CheckpointException>(
            () => CpuBackend.Load(checkpoint, new CpuBackendOptions { WeightFormat = format }));
        Assert.Contains("'model.layers.1.mlp.up_proj.weight'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("element 1234", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.embed_tokens.weight")]
    [InlineData("model.norm.weight")]
    public void Load_UnpackedWeightNotFinite_IsRefusedToo(string tensor)
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16) { Spoiled = (tensor, 9, float.NaN) };
        CheckpointException exception = Assert.Throws<CheckpointException>(() => CpuBackend.Load(checkpoint));
        Assert.Contains($"'{tensor}' holds NaN at element 9", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kernels_BestAndForced_SayWhichRun()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.Float32);
        using CpuBackend best = CpuBackend.Load(checkpoint);
        using CpuBackend portable = CpuBackend.Load(checkpoint, new CpuBackendOptions { InstructionSet = InstructionSet.Portable });
        Assert.Equal(CpuBackend.BestKernels, best.Kernels);
        Assert.Equal("portable, 128 bits", portable.Kernels);
    }

    [Fact]
    public void Run_ActivationsOverflow_NamesTheSequence()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.Float32)
        {
            Spoiled = ("model.embed_tokens.weight", (5 * 40) + 3, 3e38f), // only token 5 overflows
        };
        using CpuBackend backend = CpuBackend.Load(checkpoint);
        backend.AllocateKvCache(4, 16, 16, 16);
        var plan = new StepPlan();
        plan.Add([1, 2], 0, [0], [1]);
        plan.Add([5], 0, [1], [0]);
        var output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        NonFiniteActivationException exception = Assert.Throws<NonFiniteActivationException>(() => backend.Run(plan, output));
        Assert.Equal(1, exception.SequenceIndex);
    }

    [Theory]
    [InlineData(WeightFormat.AsStored)]
    [InlineData(WeightFormat.Int8)]
    [InlineData(WeightFormat.Int4)]
    public void Run_SteadyState_AllocatesNothing(WeightFormat format)
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16);
        using CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { WeightFormat = format });
        backend.AllocateKvCache(8, 16, 16, 16);
        var plan = new StepPlan();
        var output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        int[] offsets = [0];
        int[] blocks = [0, 1, 2, 3];
        long least = long.MaxValue;
        for (int attempt = 0; attempt < 5; attempt++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int position = 0; position < 60; position++)
            {
                plan.Clear();
                plan.Add([position % 50], position, blocks.AsSpan(0, (position / 16) + 1), offsets);
                backend.Run(plan, output);
            }
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Assert.Equal(0, least);
    }

    [Fact]
    public void Run_NoRowWanted_StillFillsTheCache()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16);
        int[] tokens = [3, 1, 4, 1, 5, 9, 2, 6];
        using CpuBackend whole = CpuBackend.Load(checkpoint);
        float[] expected = new BackendSequence(whole, 16).Advance(tokens).Logits[^1];

        using CpuBackend backend = CpuBackend.Load(checkpoint);
        backend.AllocateKvCache(2, 16, 16, 1);
        var plan = new StepPlan();
        var output = new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize);
        plan.Add(tokens.AsSpan(0, 7), 0, [0], []);
        backend.Run(plan, output);
        backend.CopyBlock(0, 1);
        plan.Clear();
        plan.Add(tokens.AsSpan(7), 7, [1], [0]);
        backend.Run(plan, output);
        Assert.Equal(expected, output.Logits(0).ToArray());
    }

    [Theory]
    [InlineData(WeightFormat.Int8, 0.06)]
    [InlineData(WeightFormat.Int4, 0.6)]
    public void Run_QuantisedWeights_StayNearTheExactOnes(WeightFormat format, double tolerance)
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16, spread: 0.2f);
        int[] tokens = [.. Enumerable.Range(0, 30).Select(i => i * 7 % 75)];
        using CpuBackend exact = CpuBackend.Load(checkpoint);
        using CpuBackend quantised = CpuBackend.Load(checkpoint, new CpuBackendOptions { WeightFormat = format });
        float[] expected = new BackendSequence(exact, 32).Advance(tokens).Logits[^1];
        float[] actual = new BackendSequence(quantised, 32).Advance(tokens).Logits[^1];
        double error = Math.Sqrt(expected.Zip(actual, (e, a) => (double)(e - a) * (e - a)).Average());
        double size = Math.Sqrt(expected.Average(e => (double)e * e));
        Assert.InRange(error / size, 1e-6, tolerance);
    }
}
