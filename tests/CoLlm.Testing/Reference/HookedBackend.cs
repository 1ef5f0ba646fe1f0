using CoLlm.Inference.Backends;
using CoLlm.Inference.Models;

namespace CoLlm.Testing.Reference;

/// <summary>Lets a test act in the middle of a step, on the thread that runs it: before or after another backend computes.</summary>
public sealed class HookedBackend(IInferenceBackend inner) : IInferenceBackend
{
    /// <summary>Called with every plan before it runs; may throw what a backend may throw.</summary>
    public Action<StepPlan>? BeforeRun { get; set; }

    /// <summary>Called with every plan after it ran.</summary>
    public Action<StepPlan>? AfterRun { get; set; }

    public string Name => inner.Name;

    public BackendCapabilities Capabilities => inner.Capabilities;

    public ModelConfig Config => inner.Config;

    /// <summary>What a device with memory of its own would say is free.</summary>
    public long? FreeKvBytes { get; init; }

    /// <summary>The thread that an engine has given it, if any.</summary>
    public Thread? LoopThread { get; private set; }

    public bool IsDisposed { get; private set; }

    public long KvBlockBytes(int blockSizeTokens) => inner.KvBlockBytes(blockSizeTokens);

    public void AllocateKvCache(int blockCount, int blockSizeTokens, int maxRowsPerStep, int maxOutputsPerStep) =>
        inner.AllocateKvCache(blockCount, blockSizeTokens, maxRowsPerStep, maxOutputsPerStep);

    public void CopyBlock(int fromBlock, int toBlock) => inner.CopyBlock(fromBlock, toBlock);

    public void EnterLoop()
    {
        LoopThread = Thread.CurrentThread;
        inner.EnterLoop();
    }

    public void Run(StepPlan plan, StepOutput output)
    {
        BeforeRun?.Invoke(plan);
        inner.Run(plan, output);
        AfterRun?.Invoke(plan);
    }

    public void Dispose()
    {
        IsDisposed = true;
        inner.Dispose();
    }
}
