using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Finds a checkpoint's packed weights, or packs them.</summary>
internal static class PackedWeights
{
    public static IPackedStorage Open(
        ICheckpoint checkpoint, ModelPlan plan, CpuBackendOptions options, int threadCount, IProgress<double>? progress)
    {
        _ = checkpoint;
        _ = options;
        var memory = new PackedMemory(plan.ByteLength);
        try
        {
            ModelPacker.Pack(plan, memory.Data, threadCount, progress);
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }
}
