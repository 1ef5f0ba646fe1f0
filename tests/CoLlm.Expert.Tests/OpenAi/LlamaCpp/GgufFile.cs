using System.Runtime.InteropServices;
using System.Text;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;

namespace CoLlm.Expert.Tests.OpenAi.LlamaCpp;

/// <summary>Writes a small Llama checkpoint as llama.cpp reads it: GGUF version 3, all tensors in single precision.</summary>
internal sealed class GgufFile
{
    private const int Alignment = 32;
    private const uint TypeUInt32 = 4, TypeInt32 = 5, TypeFloat32 = 6, TypeBool = 7, TypeString = 8, TypeArray = 9;

    private readonly List<byte> _values = [];
    private readonly List<(string Name, long[] Shape, float[] Data)> _tensors = [];
    private ulong _valueCount;

    public static void Write(string path, Checkpoint checkpoint, GgufTokens tokens)
    {
        GgufFile file = new();
        file.AddConfig(checkpoint.Config);
        file.AddTokenizer(tokens, checkpoint.Config);
        file.AddTensors(checkpoint);
        using FileStream stream = File.Create(path);
        file.WriteTo(stream);
    }

    private void AddConfig(ModelConfig config)
    {
        Add("general.architecture", "llama");
        Add("general.name", "pair-expert");
        Add("general.file_type", 0u);
        Add("llama.block_count", (uint)config.LayerCount);
        Add("llama.context_length", (uint)config.MaxPositionCount);
        Add("llama.embedding_length", (uint)config.HiddenSize);
        Add("llama.feed_forward_length", (uint)config.FeedForwardSize);
        Add("llama.attention.head_count", (uint)config.HeadCount);
        Add("llama.attention.head_count_kv", (uint)config.KeyValueHeadCount);
        Add("llama.attention.layer_norm_rms_epsilon", config.RmsNormEpsilon);
        Add("llama.rope.dimension_count", (uint)config.HeadDim);
        Add("llama.rope.freq_base", (float)config.RopeTheta);
        Add("llama.vocab_size", (uint)config.VocabularySize);
    }

    /// <summary>Rows of the output layer beyond the tokens are named and marked as unused.</summary>
    private void AddTokenizer(GgufTokens tokens, ModelConfig config)
    {
        int known = tokens.Texts.Count;
        string[] texts = [.. tokens.Texts, .. Enumerable.Range(known, config.VocabularySize - known).Select(id => $"[unused{id}]")];
        Add("tokenizer.ggml.tokens", TypeString, texts.Select(Text));
        Add("tokenizer.ggml.token_type", TypeInt32, texts.Select((_, id) => BitConverter.GetBytes(id < known ? tokens.Kinds[id] : 5)));
        if (tokens.Merges.Count > 0)
        {
            Add("tokenizer.ggml.model", "gpt2");
            Add("tokenizer.ggml.pre", "qwen2");
            Add("tokenizer.ggml.merges", TypeString, tokens.Merges.Select(Text));
        }
        else
        {
            Add("tokenizer.ggml.model", "llama");
            Add("tokenizer.ggml.scores", TypeFloat32, texts.Select((_, id) => BitConverter.GetBytes(id < known ? tokens.Scores[id] : -1e4f)));
            Add("tokenizer.ggml.unknown_token_id", 0u);
            Add("tokenizer.ggml.add_space_prefix", true);
        }

        Add("tokenizer.ggml.bos_token_id", (uint)(config.BosTokenId ?? 1));
        Add("tokenizer.ggml.eos_token_id", (uint)config.EosTokenIds[0]);
        Add("tokenizer.ggml.add_bos_token", true); // Must not show: prompts of ids are taken as they are.
    }

    private void AddTensors(Checkpoint checkpoint)
    {
        ModelConfig config = checkpoint.Config;
        long hidden = config.HiddenSize, wide = config.FeedForwardSize;
        long queries = (long)config.HeadCount * config.HeadDim, keys = (long)config.KeyValueHeadCount * config.HeadDim;
        Copy(checkpoint, "token_embd", "model.embed_tokens", config.VocabularySize, hidden);
        Copy(checkpoint, "output_norm", "model.norm", hidden);
        Copy(checkpoint, "output", config.TiesEmbeddings ? "model.embed_tokens" : "lm_head", config.VocabularySize, hidden);
        for (int layer = 0; layer < config.LayerCount; layer++)
        {
            string to = $"blk.{layer}.", from = $"model.layers.{layer}.";
            Copy(checkpoint, to + "attn_norm", from + "input_layernorm", hidden);
            Copy(checkpoint, to + "ffn_norm", from + "post_attention_layernorm", hidden);
            Copy(checkpoint, to + "attn_q", from + "self_attn.q_proj", queries, hidden);
            PairRotary(config.HeadDim);
            Copy(checkpoint, to + "attn_k", from + "self_attn.k_proj", keys, hidden);
            PairRotary(config.HeadDim);
            Copy(checkpoint, to + "attn_v", from + "self_attn.v_proj", keys, hidden);
            Copy(checkpoint, to + "attn_output", from + "self_attn.o_proj", hidden, queries);
            Copy(checkpoint, to + "ffn_gate", from + "mlp.gate_proj", wide, hidden);
            Copy(checkpoint, to + "ffn_up", from + "mlp.up_proj", wide, hidden);
            Copy(checkpoint, to + "ffn_down", from + "mlp.down_proj", hidden, wide);
        }
    }

    private void Copy(Checkpoint checkpoint, string name, string source, params long[] shape) =>
        _tensors.Add((name + ".weight", shape, Floats(checkpoint.GetTensor(source + ".weight", shape))));

    /// <summary>Hugging Face turns the two halves of a head against each other, llama.cpp neighbouring rows: rows of the newest tensor change places.</summary>
    private void PairRotary(int headDim)
    {
        (string name, long[] shape, float[] data) = _tensors[^1];
        int width = (int)shape[1];
        float[] paired = new float[data.Length];
        for (int row = 0; row < shape[0]; row++)
        {
            int head = row / headDim, within = row % headDim;
            int source = head * headDim + within / 2 + within % 2 * (headDim / 2);
            data.AsSpan(source * width, width).CopyTo(paired.AsSpan(row * width));
        }

        _tensors[^1] = (name, shape, paired);
    }

    private static unsafe float[] Floats(TensorView tensor) => tensor.ElementType switch
    {
        ElementType.Float32 => new ReadOnlySpan<float>(tensor.Data, (int)(tensor.ByteLength / 4)).ToArray(),
        ElementType.Float16 => [.. new ReadOnlySpan<Half>(tensor.Data, (int)(tensor.ByteLength / 2)).ToArray().Select(value => (float)value)],
        _ => [.. new ReadOnlySpan<ushort>(tensor.Data, (int)(tensor.ByteLength / 2)).ToArray().Select(value => BitConverter.Int32BitsToSingle(value << 16))],
    };

    private void WriteTo(Stream stream)
    {
        using BinaryWriter writer = new(stream);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)_tensors.Count);
        writer.Write(_valueCount);
        writer.Write(CollectionsMarshal.AsSpan(_values));
        long offset = 0;
        foreach ((string name, long[] shape, float[] data) in _tensors)
        {
            writer.Write(Text(name));
            writer.Write((uint)shape.Length);
            foreach (long dimension in shape.Reverse())
                writer.Write((ulong)dimension);
            writer.Write(0u);
            writer.Write((ulong)offset);
            offset += Aligned(data.Length * sizeof(float));
        }

        Pad(writer);
        foreach ((_, _, float[] data) in _tensors)
        {
            writer.Write(MemoryMarshal.AsBytes<float>(data));
            Pad(writer);
        }
    }

    private static long Aligned(long length) => (length + Alignment - 1) / Alignment * Alignment;

    private static void Pad(BinaryWriter writer) => writer.Write(new byte[Aligned(writer.BaseStream.Position) - writer.BaseStream.Position]);

    private void Add(string key, uint value) => Add(key, TypeUInt32, BitConverter.GetBytes(value));

    private void Add(string key, float value) => Add(key, TypeFloat32, BitConverter.GetBytes(value));

    private void Add(string key, bool value) => Add(key, TypeBool, [value ? (byte)1 : (byte)0]);

    private void Add(string key, string value) => Add(key, TypeString, Text(value));

    private void Add(string key, uint elementType, IEnumerable<byte[]> elements)
    {
        byte[][] all = [.. elements];
        Add(key, TypeArray, [.. BitConverter.GetBytes(elementType), .. BitConverter.GetBytes((ulong)all.Length), .. all.SelectMany(element => element)]);
    }

    private void Add(string key, uint type, byte[] value)
    {
        _values.AddRange(Text(key));
        _values.AddRange(BitConverter.GetBytes(type));
        _values.AddRange(value);
        _valueCount++;
    }

    private static byte[] Text(string text) => [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];
}
