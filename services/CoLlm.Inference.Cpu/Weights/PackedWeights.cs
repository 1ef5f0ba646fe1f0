using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Finds a checkpoint's packed weights, or packs them and keeps them where that is possible.</summary>
internal static unsafe class PackedWeights
{
    private const string Extension = "collm-packed";

    /// <exception cref="CheckpointException">A weight is NaN or infinite.</exception>
    public static IPackedStorage Open(
        ICheckpoint checkpoint, ModelPlan plan, CpuBackendOptions options, int threadCount, IProgress<double>? progress)
    {
        if (options.Storage == PackedWeightStorage.CacheFile && checkpoint.Directory is { } directory)
        {
            var header = new PackedHeader(checkpoint.ContentKey, plan);
            List<string> paths = [.. Candidates(directory, options, header)];
            foreach (string path in paths)
            {
                if (PackedFile.TryOpen(path, header) is { } found)
                    return found;
            }
            foreach (string path in paths)
            {
                if (TryWrite(path, header, plan, threadCount, progress) && PackedFile.TryOpen(path, header) is { } written)
                    return written;
            }
        }
        return PackIntoMemory(plan, threadCount, progress);
    }

    private static IEnumerable<string> Candidates(string directory, CpuBackendOptions options, PackedHeader header)
    {
        string format = options.WeightFormat switch
        {
            WeightFormat.Int8 => "int8",
            WeightFormat.Int4 => "int4",
            _ => "as-stored",
        };
        if (options.CacheDirectory is { } folder)
        {
            yield return Path.Combine(folder, $"{header.Key}.{format}.{Extension}");
            yield break;
        }

        // One file per format beside the checkpoint, so that a changed checkpoint replaces its old one.
        yield return Path.Combine(directory, $"{format}.{Extension}");
        string? home = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(home) && OperatingSystem.IsLinux())
            home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        if (string.IsNullOrEmpty(home))
            home = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        yield return Path.Combine(home, "collm", $"{header.Key}.{format}.{Extension}");
    }

    private static bool TryWrite(string path, PackedHeader header, ModelPlan plan, int threadCount, IProgress<double>? progress)
    {
        try
        {
            PackedFile.Write(path, header, sink => ModelPacker.Pack(plan, sink, threadCount, progress));
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Read-only or full: the next place is tried, and memory in the end.
            return false;
        }
    }

    private static PackedMemory PackIntoMemory(ModelPlan plan, int threadCount, IProgress<double>? progress)
    {
        var memory = new PackedMemory(plan.ByteLength);
        try
        {
            ModelPacker.Pack(plan, memory.Write, threadCount, progress);
            return memory;
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }
}
