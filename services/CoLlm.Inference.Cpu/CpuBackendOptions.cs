using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu;

/// <summary>How the weights of the matrices are kept in memory.</summary>
public enum WeightFormat
{
    /// <summary>As the checkpoint stores them: exact.</summary>
    AsStored,

    /// <summary>8-bit integers with a scale per 32 weights, activations in 8 bits: about half the memory and time of bfloat16.</summary>
    Int8,

    /// <summary>4-bit integers with a scale per 32 weights, activations in 8 bits: about a quarter of the memory of bfloat16.</summary>
    Int4,
}

/// <summary>Where the packed weights are kept.</summary>
public enum PackedWeightStorage
{
    /// <summary>In a file beside the checkpoint, or in the cache folder where that is read-only; mapped, so later loads take no time.</summary>
    CacheFile,

    /// <summary>In this process's memory alone; packed at every load.</summary>
    Memory,
}

/// <summary>Settings of a <see cref="CpuBackend"/>; the defaults suit a machine that serves one model.</summary>
public sealed record CpuBackendOptions
{
    /// <value>Compute threads; zero, the default, and anything above the number of cores mean one for each core.</value>
    public int ThreadCount { get; init; }

    /// <value>Default: as the checkpoint stores them.</value>
    public WeightFormat WeightFormat { get; init; }

    /// <value>Default: a cache file. Weights that do not come from a directory are kept in memory.</value>
    public PackedWeightStorage Storage { get; init; }

    /// <value>
    /// Folder for packed weights. Null, the default: beside the checkpoint, or where that is read-only <c>collm</c> in
    /// <c>XDG_CACHE_HOME</c> (the user's local application data elsewhere).
    /// </value>
    public string? CacheDirectory { get; init; }

    /// <summary>Kernels to use; null means the best that the processor has.</summary>
    internal InstructionSet? InstructionSet { get; init; }
}
