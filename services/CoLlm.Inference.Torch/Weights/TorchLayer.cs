using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Weights;

/// <summary>The weights of one decoder layer on the device. Matrices lie as stored, <c>[out, in]</c>, and are seen transposed.</summary>
internal sealed record TorchLayer
{
    /// <summary>The norm's weights over ones; see <see cref="Forward.RootMeanSquare"/>. <c>[2, hidden]</c></summary>
    public required Tensor InputNorm { get; init; }

    /// <summary>Query, key and value projections side by side. <c>[hidden, (heads + 2 * kv_heads) * head_dim]</c></summary>
    public required Tensor QueryKeyValue { get; init; }

    /// <summary>Their biases; null where the model has none. <c>[(heads + 2 * kv_heads) * head_dim]</c></summary>
    public Tensor? QueryKeyValueBias { get; init; }

    /// <summary>Norm weights of every query and key head; null where the model has none. <c>[heads + kv_heads, head_dim]</c></summary>
    public Tensor? HeadNorm { get; init; }

    /// <summary><c>[heads * head_dim, hidden]</c></summary>
    public required Tensor AttentionOutput { get; init; }

    /// <summary><c>[2, hidden]</c></summary>
    public required Tensor PostAttentionNorm { get; init; }

    /// <summary>Gate and up projections side by side. <c>[hidden, 2 * ff]</c></summary>
    public required Tensor GateUp { get; init; }

    /// <summary><c>[ff, hidden]</c></summary>
    public required Tensor Down { get; init; }
}
