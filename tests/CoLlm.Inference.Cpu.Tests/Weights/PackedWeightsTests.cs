using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Cpu.Tests.Weights;

/// <summary>Packed files are made once, found again, and never trusted blindly.</summary>
public sealed class PackedWeightsTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    private string PackedPath => Path.Combine(_folder.Path, "as-stored.collm-packed");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_SecondTime_MapsTheFileAndGivesTheSameBits()
    {
        (float[] first, bool packedFirst) = Load();
        (float[] second, bool packedSecond) = Load();
        Assert.True(packedFirst);
        Assert.False(packedSecond);
        Assert.Equal(first, second);
        Assert.Equal([PackedPath], Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void Load_OtherContent_PacksAgain()
    {
        Load();
        Assert.True(Load("changed").Packed);
        Assert.False(Load("changed").Packed);
    }

    [Theory]
    [InlineData(0)] // magic
    [InlineData(20)] // key
    [InlineData(4095)]
    [InlineData(4096)] // first weight
    [InlineData(-1)] // last weight
    public void Load_DamagedFile_PacksAgain(int place)
    {
        (float[] expected, _) = Load();
        byte[] bytes = File.ReadAllBytes(PackedPath);
        bytes[place < 0 ? bytes.Length + place : place] ^= 0x10;
        File.WriteAllBytes(PackedPath, bytes);
        (float[] actual, bool packed) = Load();
        Assert.True(packed);
        Assert.Equal(expected, actual);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(4096)]
    [InlineData(20000)]
    public void Load_CutOffFile_PacksAgain(int length)
    {
        (float[] expected, _) = Load();
        using (FileStream file = File.OpenWrite(PackedPath))
            file.SetLength(length);
        Assert.Equal((expected, true), Load(), (a, b) => a.Item1.SequenceEqual(b.Item1) && a.Item2 == b.Item2);
    }

    [Fact]
    public void Load_FolderCannotBeMade_KeepsTheWeightsInMemory()
    {
        string blocker = Path.Combine(_folder.Path, "file");
        File.WriteAllText(blocker, "");
        using MemoryCheckpoint checkpoint = Checkpoint("a");
        using CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { CacheDirectory = Path.Combine(blocker, "cache") });
        Assert.NotEmpty(new BackendSequence(backend, 16).Advance([1]).Logits);
    }

    [Fact]
    public void Load_WeightNotFinite_LeavesNoFile()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16)
        {
            Directory = _folder.Path,
            Spoiled = ("lm_head.weight", 3, float.NaN),
        };
        Assert.Throws<CheckpointException>(() => CpuBackend.Load(checkpoint));
        Assert.Empty(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories));
    }

    private (float[] Logits, bool Packed) Load(string contentKey = "a")
    {
        bool packed = false;
        using MemoryCheckpoint checkpoint = Checkpoint(contentKey);
        using CpuBackend backend = CpuBackend.Load(checkpoint, null, new Progress(() => packed = true));
        return (new BackendSequence(backend, 16).Advance([1, 2, 3]).Logits[^1], packed);
    }

    private MemoryCheckpoint Checkpoint(string contentKey) =>
        new(MemoryCheckpoint.Shape(), ElementType.BFloat16) { Directory = _folder.Path, ContentKey = contentKey };

    private sealed class Progress(Action report) : IProgress<double>
    {
        public void Report(double value) => report();
    }
}
