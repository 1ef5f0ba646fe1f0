using CoLlm.Inference.Models;

namespace CoLlm.Inference.Backends;

/// <summary>
/// One model on one device: runs ragged batches of token rows against a paged KV cache. Nothing above it knows which
/// device that is. All calls come from one thread at a time (the engine's loop thread).
/// </summary>
public interface IInferenceBackend : IDisposable
{
    /// <summary>Short name for logs and reports, such as <c>cpu</c> or <c>cuda:0</c>.</summary>
    string Name { get; }

    BackendCapabilities Capabilities { get; }

    ModelConfig Config { get; }

    /// <summary>
    /// Bytes that one KV block of <paramref name="blockSizeTokens"/> tokens takes on the device, over all layers.
    /// </summary>
    long KvBlockBytes(int blockSizeTokens);

    /// <summary>
    /// Bytes that the KV cache may take on a device with memory of its own, weights already loaded; null where the host's memory is
    /// meant and only the operator knows.
    /// </summary>
    long? FreeKvBytes => null;

    /// <summary>
    /// Allocates the KV cache: <paramref name="blockCount"/> blocks with ids <c>0 .. blockCount - 1</c> of
    /// <paramref name="blockSizeTokens"/> tokens each. Called once, before the first <see cref="Run"/>.
    /// </summary>
    /// <param name="blockCount">Blocks in the pool.</param>
    /// <param name="blockSizeTokens">A power of two, at least 16.</param>
    /// <param name="maxRowsPerStep">No plan will hold more token rows; lets the backend size its scratch memory once.</param>
    /// <param name="maxOutputsPerStep">No plan will ask for more output rows.</param>
    void AllocateKvCache(int blockCount, int blockSizeTokens, int maxRowsPerStep, int maxOutputsPerStep);

    /// <summary>Copies one block's keys and values of all layers (copy-on-write when a forked session appends).</summary>
    void CopyBlock(int fromBlock, int toBlock);

    /// <summary>
    /// Called once by an engine's loop thread, on that thread, before anything else it calls: a backend that computes on its caller's
    /// thread may give the thread what computing needs. An engine that is stepped by hand does not call it.
    /// </summary>
    void EnterLoop()
    {
    }

    /// <summary>
    /// Computes every row of the plan, writes their keys and values into the plan's blocks, and the logits and hidden states
    /// of the rows in <see cref="StepPlan.OutputRows"/> into <paramref name="output"/>; of a sequence with a
    /// <see cref="PlanSequence.Reduction"/> its entries instead of the logits.
    /// Blocks the caller until the results are there.
    /// </summary>
    /// <exception cref="NonFiniteActivationException">
    /// A wanted logit is NaN or infinite. The blocks written by the plan hold garbage for its rows only.
    /// </exception>
    void Run(StepPlan plan, StepOutput output);
}

/// <summary>What a backend promises beyond the contract.</summary>
[Flags]
public enum BackendCapabilities
{
    None = 0,

    /// <summary>
    /// A row's results depend on its sequence's tokens alone, bit for bit: not on the batch, the chunking, the thread count,
    /// or on whether its prefix was computed by this session, shared or replayed.
    /// </summary>
    BitwiseReproducible = 1,

    /// <summary>
    /// Rows of logits are reduced where they are, as <see cref="PlanSequence.Reduction"/> says, by the rules of
    /// <see cref="Sampling.TokenSampler"/>: the same tokens except where rounding decides. Others are given plans without reductions.
    /// </summary>
    ReducesOutputs = 2,
}

/// <summary>The weights or activations of a sequence produced NaN or infinity; the message says where it was first seen.</summary>
public sealed class NonFiniteActivationException(string message, int sequenceIndex) : Exception(message)
{
    /// <summary>Index into <see cref="StepPlan.Sequences"/> of a sequence it happened to.</summary>
    public int SequenceIndex { get; } = sequenceIndex;
}
