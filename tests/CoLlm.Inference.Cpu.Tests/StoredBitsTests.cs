using System.Runtime.InteropServices;
using System.Security.Cryptography;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Cpu.Tests;

/// <summary>
/// Replicas on different processors are exchangeable in the middle of a text, so each must find here the bits that all others
/// found. A digest changes only with the arithmetic itself, and then replicas of two versions no longer agree.
/// </summary>
public sealed class StoredBitsTests
{
    [Theory]
    [InlineData(8, 4, 2, null, ElementType.BFloat16, WeightFormat.AsStored, "0e7b9ff5abffb5e2a68fcd2e3aad0bb0")]
    [InlineData(20, 6, 2, 50, ElementType.Float32, WeightFormat.AsStored, "b204d4caf87c7b974f78126fac38a9e3")]
    [InlineData(64, 16, 1, 30, ElementType.Float16, WeightFormat.AsStored, "0a8e38a36d3003f04e6d1406ccd25be2")]
    [InlineData(34, 3, 3, null, ElementType.BFloat16, WeightFormat.Int8, "7b946669d0161ed0713e32f12733d81a")]
    [InlineData(16, 4, 4, 33, ElementType.Float32, WeightFormat.Int4, "d0837082583e4049d1e496d93282502f")]
    public void Run_AnyProcessor_GivesTheStoredBits(
        int headDim, int heads, int keyValueHeads, int? window, ElementType type, WeightFormat format, string digest)
    {
        ModelConfig config = MemoryCheckpoint.Shape(headDim, heads, keyValueHeads, window);
        using var checkpoint = new MemoryCheckpoint(config, type);
        using CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { WeightFormat = format, ThreadCount = 2 });
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (float[] logits in new BackendSequence(backend, 96).Advance(RaggedRun.Tokens(90, 3, config.VocabularySize)).Logits)
            hash.AppendData(MemoryMarshal.AsBytes<float>(logits));

        Assert.Equal(digest, Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16)));
    }
}
