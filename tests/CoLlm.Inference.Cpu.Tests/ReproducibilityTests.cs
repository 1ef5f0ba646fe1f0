using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Models;
using CoLlm.Testing.Golden;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Cpu.Tests;

/// <summary>Batch, chunking, threads, register width and block size are invisible in the logits, bit for bit.</summary>
public sealed class ReproducibilityTests
{
    private const int MaxRows = 64;
    private static readonly int[] Lengths = [1, 70, 300, 530];

    public static TheoryData<int, int, int, int?, ElementType, WeightFormat> Models => new()
    {
        { 8, 4, 2, null, ElementType.BFloat16, WeightFormat.AsStored },
        { 20, 6, 2, 50, ElementType.Float32, WeightFormat.AsStored },
        { 64, 16, 1, 300, ElementType.Float16, WeightFormat.AsStored },
        { 34, 3, 3, null, ElementType.BFloat16, WeightFormat.Int8 },
        { 16, 4, 4, 33, ElementType.Float32, WeightFormat.Int4 },
    };

    [Theory]
    [MemberData(nameof(Models))]
    public void Run_AnySchedule_GivesTheBitsOfEachSequenceAlone(
        int headDim, int heads, int keyValueHeads, int? window, ElementType type, WeightFormat format)
    {
        ModelConfig config = MemoryCheckpoint.Shape(headDim, heads, keyValueHeads, window);
        using var checkpoint = new MemoryCheckpoint(config, type);
        int[][] tokens = [.. Lengths.Select((length, i) => RaggedRun.Tokens(length, i, config.VocabularySize))];
        List<float[][]> alone = [];
        foreach (int[] sequence in tokens)
            alone.Add(Run(checkpoint, format, KernelTable.Best, 1, 16, [sequence], new Random(1), chunk: MaxRows)[0]);

        foreach (InstructionSet set in Enum.GetValues<InstructionSet>().Where(set => set <= KernelTable.Best))
        {
            float[][][] batched = Run(checkpoint, format, set, 2, 32, tokens, new Random((int)set + 5), chunk: 23);
            for (int s = 0; s < tokens.Length; s++)
            {
                for (int t = 0; t < tokens[s].Length; t++)
                    Assert.True(alone[s][t].AsSpan().SequenceEqual(batched[s][t]), $"{set}, sequence {s}, position {t} differs");
            }
        }
    }

    [Theory]
    [InlineData(20, 6, 2, 50)]
    [InlineData(128, 4, 1, null)]
    public void Run_SeveralSpans_AgreesWithTheReference(int headDim, int heads, int keyValueHeads, int? window)
    {
        ModelConfig config = MemoryCheckpoint.Shape(headDim, heads, keyValueHeads, window);
        using var checkpoint = new MemoryCheckpoint(config, ElementType.Float32);
        int[] tokens = RaggedRun.Tokens(600, 3, config.VocabularySize);
        using var reference = new ReferenceBackend(checkpoint);
        using CpuBackend backend = CpuBackend.Load(checkpoint);
        float[][] expected = new BackendSequence(reference, 640).Advance(tokens).Logits;
        float[][] actual = new BackendSequence(backend, 640).Advance(tokens).Logits;
        for (int t = 0; t < tokens.Length; t++)
            GoldenTolerance.AssertClose(expected[t], actual[t], GoldenTolerance.Logits, $"position {t}");
    }

    /// <summary>All sequences in random chunks. <c>[sequence][position][vocabulary]</c></summary>
    private static float[][][] Run(
        MemoryCheckpoint checkpoint, WeightFormat format, InstructionSet set, int threads, int blockSize, int[][] sequences, Random random, int chunk)
    {
        using CpuBackend backend = CpuBackend.Load(
            checkpoint, new CpuBackendOptions { WeightFormat = format, ThreadCount = threads, InstructionSet = set });
        return RaggedRun.Logits(backend, sequences, random, blockSize, MaxRows, () => random.Next(chunk + 1));
    }
}
