using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Checkpoints;

/// <summary>
/// Good files, broken at random: they open, or are refused in one sentence. Nothing else may be thrown, every tensor that is handed
/// out lies inside its file, and no refusal costs memory out of proportion.
/// </summary>
public sealed class CheckpointFuzzTests
{
    private const long MaxAllocatedBytes = 4 << 20;

    [Theory]
    [InlineData("pair-base", "model.safetensors", 600)]
    [InlineData("llama3-tiny", "model-00002-of-00002.safetensors", 300)]
    [InlineData("llama3-tiny", "model.safetensors.index.json", 600)]
    [InlineData("llama3-tiny", "config.json", 600)]
    [InlineData("qwen3-tiny", "config.json", 300)]
    [InlineData("llama3-tiny", "generation_config.json", 300)]
    public void Open_MutatedFile_OpensOrIsRefusedInOneSentence(string model, string file, int count)
    {
        using TemporaryDirectory folder = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", model));
        byte[] good = File.ReadAllBytes(folder.File(file));
        int refused = 0;
        for (int seed = 0; seed < count; seed++)
        {
            folder.Write(file, FileMutation.Mutate(good, new Random(seed)));
            long before = GC.GetAllocatedBytesForCurrentThread();
            refused += IsRefused(folder.Path, seed) ? 1 : 0;
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MaxAllocatedBytes);
        }

        Assert.InRange(refused, count / 10, count);
    }

    private static bool IsRefused(string directory, int seed)
    {
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(directory);
            foreach (TensorSummary tensor in checkpoint.Tensors)
                ReadWhole(checkpoint, tensor);
            return false;
        }
        catch (CheckpointException e)
        {
            Assert.True(e.Message.EndsWith('.') && !e.Message.Contains('\n', StringComparison.Ordinal) && e.Message.Length < 1000, $"Seed {seed}: {e.Message}");
            return true;
        }
        catch (Exception e)
        {
            Assert.Fail($"Seed {seed}: {e}");
            return true;
        }
    }

    /// <summary>Touches the ends of a tensor: outside the mapping that ends the process.</summary>
    private static unsafe void ReadWhole(Checkpoint checkpoint, TensorSummary summary)
    {
        if (summary.ElementType is not ("F32" or "F16" or "BF16") || summary.ByteLength == 0)
            return;
        try
        {
            TensorView tensor = checkpoint.GetTensor(summary.Name, summary.ElementCount);
            _ = tensor.Data[0] + tensor.Data[tensor.ByteLength - 1];
        }
        catch (CheckpointException)
        {
            // Tensors of more than one dimension: the shape asked for is not theirs.
        }
    }
}
