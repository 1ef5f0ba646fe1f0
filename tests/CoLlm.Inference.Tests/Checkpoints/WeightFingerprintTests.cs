using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Checkpoints;

public sealed class WeightFingerprintTests : IDisposable
{
    private readonly DirectoryInfo _copy = Directory.CreateTempSubdirectory("collm-fingerprint-");

    public void Dispose() => _copy.Delete(recursive: true);

    [Fact]
    public void Fingerprint_SameFilesCopiedLater_IsTheSame()
    {
        Copy("llama-tiny");
        File.SetLastWriteTimeUtc(Path.Combine(_copy.FullName, "model.safetensors"), new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));

        Assert.Equal(FingerprintOf(RepositoryPaths.Golden("models", "llama-tiny")), FingerprintOf(_copy.FullName));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Fingerprint_LastWeightChanged_Differs(int bytesFromTheEnd)
    {
        Copy("llama-tiny");
        string file = Path.Combine(_copy.FullName, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^bytesFromTheEnd] ^= 1;
        File.WriteAllBytes(file, bytes);

        Assert.NotEqual(FingerprintOf(RepositoryPaths.Golden("models", "llama-tiny")), FingerprintOf(_copy.FullName));
    }

    [Fact]
    public void Fingerprint_DifferentModels_AllDiffer()
    {
        string[] fingerprints = [.. CheckpointTests.Names.Select(name => FingerprintOf(RepositoryPaths.Golden("models", name.Data)))];

        Assert.Equal(fingerprints.Length, fingerprints.Distinct().Count());
    }

    private static string FingerprintOf(string directory)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        return checkpoint.Fingerprint;
    }

    private void Copy(string name)
    {
        foreach (string file in Directory.GetFiles(RepositoryPaths.Golden("models", name)))
            File.WriteAllBytes(Path.Combine(_copy.FullName, Path.GetFileName(file)), File.ReadAllBytes(file));
    }
}
