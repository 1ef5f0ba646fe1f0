using System.Buffers.Binary;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;

namespace CoLlm.Testing.Reference;

/// <summary>All weights of a checkpoint as single-precision arrays.</summary>
public sealed class ReferenceWeights
{
    public ReferenceWeights(ICheckpoint checkpoint)
    {
        ModelConfig config = checkpoint.Config;
        Embedding = Load(checkpoint, "model.embed_tokens.weight", config.VocabularySize, config.HiddenSize);
        FinalNorm = Load(checkpoint, "model.norm.weight", config.HiddenSize);
        Head = config.TiesEmbeddings ? Embedding : Load(checkpoint, "lm_head.weight", config.VocabularySize, config.HiddenSize);
        Layers = [.. Enumerable.Range(0, config.LayerCount).Select(i => new Layer(checkpoint, i))];
    }

    public float[] Embedding { get; }

    public float[] FinalNorm { get; }

    public float[] Head { get; }

    public Layer[] Layers { get; }

    /// <summary>Converts a stored tensor to single precision; exact for all three formats.</summary>
    public static unsafe float[] Load(ICheckpoint checkpoint, string name, params ReadOnlySpan<long> shape)
    {
        TensorView tensor = checkpoint.GetTensor(name, shape);
        ReadOnlySpan<byte> bytes = new(tensor.Data, checked((int)tensor.ByteLength));
        int width = tensor.ElementType == ElementType.Float32 ? 4 : 2;
        float[] values = new float[bytes.Length / width];
        for (int i = 0; i < values.Length; i++)
        {
            ReadOnlySpan<byte> element = bytes.Slice(i * width, width);
            values[i] = tensor.ElementType switch
            {
                ElementType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(element),
                ElementType.Float16 => (float)BinaryPrimitives.ReadHalfLittleEndian(element),
                _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(element) << 16),
            };
        }

        return values;
    }

    /// <summary>One decoder layer's weights; biases and head norms are empty where the architecture has none.</summary>
    public sealed class Layer
    {
        public Layer(ICheckpoint checkpoint, int index)
        {
            ModelConfig config = checkpoint.Config;
            int hidden = config.HiddenSize;
            int queryWidth = config.HeadCount * config.HeadDim;
            int keyWidth = config.KeyValueHeadCount * config.HeadDim;
            string prefix = $"model.layers.{index}.";
            InputNorm = Load(checkpoint, prefix + "input_layernorm.weight", hidden);
            AttentionNorm = Load(checkpoint, prefix + "post_attention_layernorm.weight", hidden);
            Query = Load(checkpoint, prefix + "self_attn.q_proj.weight", queryWidth, hidden);
            Key = Load(checkpoint, prefix + "self_attn.k_proj.weight", keyWidth, hidden);
            Value = Load(checkpoint, prefix + "self_attn.v_proj.weight", keyWidth, hidden);
            Output = Load(checkpoint, prefix + "self_attn.o_proj.weight", hidden, queryWidth);
            Gate = Load(checkpoint, prefix + "mlp.gate_proj.weight", config.FeedForwardSize, hidden);
            Up = Load(checkpoint, prefix + "mlp.up_proj.weight", config.FeedForwardSize, hidden);
            Down = Load(checkpoint, prefix + "mlp.down_proj.weight", hidden, config.FeedForwardSize);
            if (config.HasProjectionBias)
            {
                QueryBias = Load(checkpoint, prefix + "self_attn.q_proj.bias", queryWidth);
                KeyBias = Load(checkpoint, prefix + "self_attn.k_proj.bias", keyWidth);
                ValueBias = Load(checkpoint, prefix + "self_attn.v_proj.bias", keyWidth);
            }

            if (config.HasQueryKeyNorm)
            {
                QueryNorm = Load(checkpoint, prefix + "self_attn.q_norm.weight", config.HeadDim);
                KeyNorm = Load(checkpoint, prefix + "self_attn.k_norm.weight", config.HeadDim);
            }
        }

        public float[] InputNorm { get; }

        public float[] AttentionNorm { get; }

        public float[] Query { get; }

        public float[] Key { get; }

        public float[] Value { get; }

        public float[] Output { get; }

        public float[] Gate { get; }

        public float[] Up { get; }

        public float[] Down { get; }

        public float[] QueryBias { get; } = [];

        public float[] KeyBias { get; } = [];

        public float[] ValueBias { get; } = [];

        public float[] QueryNorm { get; } = [];

        public float[] KeyNorm { get; } = [];
    }
}
