using CoLlm.Inference.Models;

namespace CoLlm.Inference.Checkpoints;

/// <summary>A model's configuration and weights, open for reading: what a backend is built from.</summary>
public interface ICheckpoint : IDisposable
{
    /// <summary>Where it came from, for messages and for caches kept beside it; null for weights that are not on disk.</summary>
    string? Directory { get; }

    ModelConfig Config { get; }

    /// <summary>
    /// A short text that changes whenever a weight file's content may have changed; key of caches derived from the weights.
    /// </summary>
    string ContentKey { get; }

    bool Contains(string tensorName);

    /// <summary>Returns the tensor under its Hugging Face name (<c>model.layers.0.self_attn.q_proj.weight</c>).</summary>
    /// <param name="tensorName">Full name.</param>
    /// <param name="shape">The shape it must have.</param>
    /// <exception cref="CheckpointException">It is missing, or its shape differs.</exception>
    TensorView GetTensor(string tensorName, params ReadOnlySpan<long> shape);
}
