using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Cpu.Tests;
using CoLlm.Inference.Models;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Torch.Tests;

/// <summary>Random models in ragged batches, against the backend that computes every sequence the same way whatever happens.</summary>
public sealed class TorchAgainstProcessorTests
{
    private static readonly int[] Lengths = [1, 40, 130, 300];

    public static TheoryData<int, int, int, int?, bool, bool, ElementType> Models => new()
    {
        { 8, 4, 2, null, false, false, ElementType.BFloat16 },
        { 20, 6, 2, 50, true, false, ElementType.Float32 },
        { 64, 16, 1, 100, false, true, ElementType.Float16 },
        { 34, 3, 3, null, true, true, ElementType.BFloat16 },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Run_RaggedBatches_AgreesWithTheProcessor(
        int headDim, int heads, int keyValueHeads, int? window, bool bias, bool headNorm, ElementType type)
    {
        ModelConfig config = Shape(headDim, heads, keyValueHeads, window, bias, headNorm);
        using var checkpoint = new MemoryCheckpoint(config, type);
        int[][] tokens = [.. Lengths.Select((length, i) => RaggedRun.Tokens(length, i, config.VocabularySize))];
        using CpuBackend processor = CpuBackend.Load(checkpoint, new CpuBackendOptions { Storage = PackedWeightStorage.Memory });
        using TorchBackend torch = TorchUnderTest.Load(checkpoint);

        float[][][] expected = Run(processor, tokens, seed: 3, mostRows: 24);
        float[][][] actual = Run(torch, tokens, seed: 4, mostRows: 24);

        Assert.All(expected.Zip(actual), pair => Assert.InRange(Error(pair.First, pair.Second), 0, 2e-5));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Run_GreedyDecoding_GivesTheProcessorsTokens(
        int headDim, int heads, int keyValueHeads, int? window, bool bias, bool headNorm, ElementType type)
    {
        using var checkpoint = new MemoryCheckpoint(Shape(headDim, heads, keyValueHeads, window, bias, headNorm), type);
        using CpuBackend processor = CpuBackend.Load(checkpoint, new CpuBackendOptions { Storage = PackedWeightStorage.Memory });
        using TorchBackend torch = TorchUnderTest.Load(checkpoint);
        Assert.Equal(Greedy(new BackendSequence(processor, 160)), Greedy(new BackendSequence(torch, 160)));
    }

    [Theory]
    [InlineData(ComputeFormat.BFloat16, 0.03)]
    [InlineData(ComputeFormat.Float16, 0.004)]
    public void Run_NarrowFormat_StaysNearSinglePrecision(ComputeFormat format, double tolerance)
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16, spread: 0.2f);
        int[][] tokens = [RaggedRun.Tokens(60, 5, 75), RaggedRun.Tokens(33, 6, 75)];
        using CpuBackend processor = CpuBackend.Load(checkpoint, new CpuBackendOptions { Storage = PackedWeightStorage.Memory });
        using TorchBackend torch = TorchUnderTest.Load(checkpoint, format);
        float[][][] expected = Run(processor, tokens, seed: 1, mostRows: 16);
        float[][][] actual = Run(torch, tokens, seed: 2, mostRows: 16);
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Error(pair.First, pair.Second), 1e-7, tolerance));
    }

    private static float[][][] Run(IInferenceBackend backend, int[][] sequences, int seed, int mostRows)
    {
        var random = new Random(seed);
        return RaggedRun.Logits(backend, sequences, random, blockSize: 16, mostRows, () => random.Next(3) == 0 ? random.Next(mostRows + 1) : 1);
    }

    private static ModelConfig Shape(int headDim, int heads, int keyValueHeads, int? window, bool bias, bool headNorm) =>
        MemoryCheckpoint.Shape(headDim, heads, keyValueHeads, window) with { HasProjectionBias = bias, HasQueryKeyNorm = headNorm };

    /// <summary>Root mean square of the difference over that of the expected logits.</summary>
    private static double Error(float[][] expected, float[][] actual)
    {
        double difference = expected.Zip(actual).Sum(row => row.First.Zip(row.Second).Sum(pair => Math.Pow((double)pair.First - pair.Second, 2)));
        return Math.Sqrt(difference / expected.Sum(row => row.Sum(value => (double)value * value)));
    }

    private static int[] Greedy(BackendSequence sequence)
    {
        List<int> tokens = [];
        float[] last = sequence.Advance([7, 21, 3]).Logits[^1];
        while (tokens.Count < 120)
        {
            tokens.Add(ReferenceMath.ArgMax(last, last.Length));
            last = sequence.Advance([tokens[^1]]).Logits[0];
        }

        return [.. tokens];
    }
}
