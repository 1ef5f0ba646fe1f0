using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Every packed matrix of a model and its place in the packed weights.</summary>
internal sealed class ModelPlan
{
    /// <summary>Matrices start at multiples of this.</summary>
    public const int Alignment = 4096;

    private readonly List<MatrixPlan> _matrices = [];
    private readonly List<long> _offsets = [];

    /// <exception cref="CheckpointException">A tensor is missing or has another shape than the configuration says.</exception>
    public ModelPlan(ICheckpoint checkpoint, WeightFormat format)
    {
        ModelConfig config = checkpoint.Config;
        Embedding = checkpoint.GetTensor("model.embed_tokens.weight", config.VocabularySize, config.HiddenSize);
        long queryRows = (long)config.HeadCount * config.HeadDim;
        long keyRows = (long)config.KeyValueHeadCount * config.HeadDim;
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string prefix = $"model.layers.{layer}.";
            Add(new MatrixPlan(format, inTurn: false, Matrix("self_attn.q_proj", queryRows, config.HiddenSize),
                Matrix("self_attn.k_proj", keyRows, config.HiddenSize), Matrix("self_attn.v_proj", keyRows, config.HiddenSize)));
            Add(new MatrixPlan(format, inTurn: false, Matrix("self_attn.o_proj", config.HiddenSize, queryRows)));
            Add(new MatrixPlan(format, inTurn: true, Matrix("mlp.gate_proj", config.FeedForwardSize, config.HiddenSize),
                Matrix("mlp.up_proj", config.FeedForwardSize, config.HiddenSize)));
            Add(new MatrixPlan(format, inTurn: false, Matrix("mlp.down_proj", config.HiddenSize, config.FeedForwardSize)));

            TensorView Matrix(string name, long rows, long depth) => checkpoint.GetTensor($"{prefix}{name}.weight", rows, depth);
        }
        TensorView head = config.TiesEmbeddings
            ? Embedding
            : checkpoint.GetTensor("lm_head.weight", config.VocabularySize, config.HiddenSize);
        EmbeddingIsPacked = config.TiesEmbeddings;
        Add(new MatrixPlan(format, inTurn: false, head));
    }

    /// <summary>The embedding, which is read row by row from the checkpoint itself.</summary>
    public TensorView Embedding { get; }

    /// <summary>True: the embedding is the output projection as well.</summary>
    public bool EmbeddingIsPacked { get; }

    /// <summary>Four matrices per layer (query-key-value, output, gate-up, down), then the output projection.</summary>
    public IReadOnlyList<MatrixPlan> Matrices => _matrices;

    public long ByteLength { get; private set; }

    public PackedMatrix Place(int index, nint data) => _matrices[index].At(data + (nint)_offsets[index]);

    private void Add(MatrixPlan matrix)
    {
        _matrices.Add(matrix);
        _offsets.Add(ByteLength);
        ByteLength = checked(ByteLength + ((matrix.At(0).ByteLength + Alignment - 1) / Alignment * Alignment));
    }
}
