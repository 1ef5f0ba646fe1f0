using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Measuring;
using CoLlm.Inference.Models;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>Writes random weights as a Llama checkpoint in bfloat16.</summary>
internal static class RandomWeightsFile
{
    private const string Embedding = "model.embed_tokens.weight";

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c>; a tokenizer is the caller's.</summary>
    public static void WriteDirectory(string folder, ModelConfig config, ulong seed)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["architectures"] = new[] { "LlamaForCausalLM" },
            ["model_type"] = "llama",
            ["hidden_size"] = config.HiddenSize,
            ["intermediate_size"] = config.FeedForwardSize,
            ["num_hidden_layers"] = config.LayerCount,
            ["num_attention_heads"] = config.HeadCount,
            ["num_key_value_heads"] = config.KeyValueHeadCount,
            ["max_position_embeddings"] = config.MaxPositionCount,
            ["rms_norm_eps"] = config.RmsNormEpsilon,
            ["rope_theta"] = config.RopeTheta,
            ["vocab_size"] = config.VocabularySize,
            ["tie_word_embeddings"] = false,
            ["torch_dtype"] = "bfloat16",
            ["hidden_act"] = "silu",
            ["eos_token_id"] = 2,
        }));
        using RandomCheckpoint weights = new(config, seed);
        Write(Path.Combine(folder, "model.safetensors"), weights);
    }

    private static unsafe void Write(string path, RandomCheckpoint weights)
    {
        TensorView[] tensors = [.. Names(weights.Config).Select(tensor => weights.GetTensor(tensor.Name, tensor.Shape))];
        Dictionary<string, object> header = [];
        long offset = 0;
        foreach (TensorView tensor in tensors)
        {
            header[tensor.Name] = new { dtype = "BF16", shape = tensor.Shape.ToArray(), data_offsets = new[] { offset, offset + tensor.ByteLength } };
            offset += tensor.ByteLength;
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        byte[] padded = [.. json, .. Enumerable.Repeat((byte)' ', (8 - (json.Length % 8)) % 8)];
        byte[] length = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)padded.Length);
        using FileStream file = File.Create(path);
        file.Write(length);
        file.Write(padded);
        foreach (TensorView tensor in tensors)
        {
            ReadOnlySpan<byte> values = new(tensor.Data, checked((int)tensor.ByteLength));
            file.Write(tensor.Name == Embedding ? Louder(values) : values);
        }
    }

    /// <summary>
    /// Embeddings times 64: otherwise hidden states of random weights say more of the whole prefix than of the newest token, and an
    /// answer is deferred altogether or not at all.
    /// </summary>
    private static byte[] Louder(ReadOnlySpan<byte> values)
    {
        byte[] louder = values.ToArray();
        foreach (ref ushort value in MemoryMarshal.Cast<byte, ushort>(louder.AsSpan()))
            value = (ushort)(BitConverter.SingleToUInt32Bits(64 * BitConverter.UInt32BitsToSingle((uint)value << 16)) >> 16);
        return louder;
    }

    private static IEnumerable<(string Name, long[] Shape)> Names(ModelConfig config)
    {
        long hidden = config.HiddenSize;
        long queries = config.HeadCount * config.HeadDim;
        long keys = config.KeyValueHeadCount * config.HeadDim;
        yield return (Embedding, [config.VocabularySize, hidden]);
        for (int i = 0; i < config.LayerCount; i++)
        {
            string layer = $"model.layers.{i}";
            yield return ($"{layer}.input_layernorm.weight", [hidden]);
            yield return ($"{layer}.self_attn.q_proj.weight", [queries, hidden]);
            yield return ($"{layer}.self_attn.k_proj.weight", [keys, hidden]);
            yield return ($"{layer}.self_attn.v_proj.weight", [keys, hidden]);
            yield return ($"{layer}.self_attn.o_proj.weight", [hidden, queries]);
            yield return ($"{layer}.post_attention_layernorm.weight", [hidden]);
            yield return ($"{layer}.mlp.gate_proj.weight", [config.FeedForwardSize, hidden]);
            yield return ($"{layer}.mlp.up_proj.weight", [config.FeedForwardSize, hidden]);
            yield return ($"{layer}.mlp.down_proj.weight", [hidden, config.FeedForwardSize]);
        }

        yield return ("model.norm.weight", [hidden]);
        yield return ("lm_head.weight", [config.VocabularySize, hidden]);
    }
}
