using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Memory;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>All weights of a model as the forward pass reads them: packed matrices, and norms and biases as floats.</summary>
internal sealed unsafe class CpuModel : IDisposable
{
    private readonly ICheckpoint _checkpoint;
    private readonly IPackedStorage _storage;
    private readonly List<NativeBuffer> _vectors = [];

    /// <summary>Takes ownership of <paramref name="storage"/>, but not of the checkpoint, which must stay open.</summary>
    public CpuModel(ICheckpoint checkpoint, ModelPlan plan, IPackedStorage storage)
    {
        _checkpoint = checkpoint;
        _storage = storage;
        Config = checkpoint.Config;
        Embedding = plan.Embedding;
        Layers = new CpuLayer[Config.LayerCount];
        for (int i = 0; i < Layers.Length; i++)
            Layers[i] = ReadLayer(plan, i);
        FinalNorm = ReadVector("model.norm.weight", Config.HiddenSize);
        Head = plan.Place(plan.Matrices.Count - 1, storage.Data);
    }

    public ModelConfig Config { get; }

    /// <summary>Bytes of the packed matrices.</summary>
    public long PackedBytes => _storage.ByteLength;

    /// <summary>Token embeddings, in the checkpoint. <c>[vocabulary, hidden]</c></summary>
    public TensorView Embedding { get; }

    public CpuLayer[] Layers { get; }

    /// <summary><c>[hidden]</c></summary>
    public nint FinalNorm { get; }

    /// <summary>Output projection. <c>[vocabulary, hidden]</c></summary>
    public PackedMatrix Head { get; }

    public void Dispose()
    {
        _storage.Dispose();
        foreach (NativeBuffer vector in _vectors)
            vector.Dispose();
    }

    private CpuLayer ReadLayer(ModelPlan plan, int layer)
    {
        string prefix = $"model.layers.{layer}.";
        int first = 4 * layer;
        return new CpuLayer
        {
            InputNorm = ReadVector(prefix + "input_layernorm.weight", Config.HiddenSize),
            QueryKeyValue = plan.Place(first, _storage.Data),
            QueryKeyValueBias = Config.HasProjectionBias ? ReadProjectionBias(prefix) : 0,
            QueryNorm = Config.HasQueryKeyNorm ? ReadVector(prefix + "self_attn.q_norm.weight", Config.HeadDim) : 0,
            KeyNorm = Config.HasQueryKeyNorm ? ReadVector(prefix + "self_attn.k_norm.weight", Config.HeadDim) : 0,
            AttentionOutput = plan.Place(first + 1, _storage.Data),
            PostAttentionNorm = ReadVector(prefix + "post_attention_layernorm.weight", Config.HiddenSize),
            GateUp = plan.Place(first + 2, _storage.Data),
            Down = plan.Place(first + 3, _storage.Data),
        };
    }

    private nint ReadVector(string name, int length)
    {
        NativeBuffer buffer = Keep(length);
        Elements.ToFloats(_checkpoint.GetTensor(name, length), new Span<float>(buffer.Floats, length));
        return (nint)buffer.Floats;
    }

    private nint ReadProjectionBias(string prefix)
    {
        int queryWidth = Config.HeadCount * Config.HeadDim;
        int keyWidth = Config.KeyValueHeadCount * Config.HeadDim;
        NativeBuffer buffer = Keep(queryWidth + (2 * keyWidth));
        float* start = buffer.Floats;
        Read("q_proj", queryWidth);
        Read("k_proj", keyWidth);
        Read("v_proj", keyWidth);
        return (nint)buffer.Floats;

        void Read(string projection, int length)
        {
            Elements.ToFloats(_checkpoint.GetTensor($"{prefix}self_attn.{projection}.bias", length), new Span<float>(start, length));
            start += length;
        }
    }

    private NativeBuffer Keep(int length)
    {
        // Whole panels are read of a bias; what is past its end must be finite.
        var buffer = new NativeBuffer((long)(length + FloatTile.Columns) * sizeof(float));
        new Span<float>(buffer.Floats, length + FloatTile.Columns).Clear();
        _vectors.Add(buffer);
        return buffer;
    }
}

/// <summary>The weights of one decoder layer; norms and biases are addresses of floats, zero where the model has none.</summary>
internal sealed record CpuLayer
{
    public required nint InputNorm { get; init; }

    public required PackedMatrix QueryKeyValue { get; init; }

    public required nint QueryKeyValueBias { get; init; }

    public required nint QueryNorm { get; init; }

    public required nint KeyNorm { get; init; }

    public required PackedMatrix AttentionOutput { get; init; }

    public required nint PostAttentionNorm { get; init; }

    /// <summary>Panels of the gate and of the up projection in turn.</summary>
    public required PackedMatrix GateUp { get; init; }

    public required PackedMatrix Down { get; init; }
}
