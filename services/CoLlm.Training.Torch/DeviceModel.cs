using CoLlm.Inference.Models;
using CoLlm.Inference.Torch.Forward;
using CoLlm.Training.Model;
using static TorchSharp.torch;

namespace CoLlm.Training.Torch;

/// <summary>The language model as functions that libtorch can differentiate: over packed rows, attention within each sequence.</summary>
internal sealed class DeviceModel : IDisposable
{
    private readonly ModelConfig _config;
    private readonly Dictionary<string, DeviceParameter> _parameters;
    private readonly Dictionary<string, float> _adapterFactors;
    private readonly RotaryAngles _rotary;
    private readonly ScalarType _type;
    private readonly Device _device;

    public DeviceModel(TrainableModel model, Dictionary<string, DeviceParameter> parameters, ScalarType type, Device device)
    {
        _config = model.Config;
        _parameters = parameters;
        _type = type;
        _device = device;
        _rotary = new RotaryAngles(_config, type, device);
        _adapterFactors = model.Layers.SelectMany(layer => layer.Projections).Where(projection => projection.Adapter is not null)
            .ToDictionary(projection => projection.Weight.Name, projection => projection.Adapter!.Factor, StringComparer.Ordinal);
    }

    /// <summary>Token embeddings of the batch. <c>[rows, hidden]</c></summary>
    public Tensor Embed(Tensor tokenIds) => Weight("model.embed_tokens.weight").index_select(0, tokenIds);

    /// <summary>Rotary angles of the batch's positions, the same for all layers.</summary>
    public (Tensor Cosines, Tensor Sines) Angles(Tensor positions) => _rotary.For(positions);

    /// <summary>The residual stream after a layer. <c>[rows, hidden]</c></summary>
    public Tensor Layer(int index, Tensor rows, (Tensor Cosines, Tensor Sines) angles, PackedBatch batch)
    {
        string stem = $"model.layers.{index}.";
        string attention = stem + "self_attn.";
        Tensor normed = Norm(rows, stem + "input_layernorm.weight");
        Tensor queries = NormHeads(Project(normed, attention + "q_proj").view(-1, _config.HeadCount, _config.HeadDim), attention + "q_norm.weight");
        Tensor keys = NormHeads(Project(normed, attention + "k_proj").view(-1, _config.KeyValueHeadCount, _config.HeadDim), attention + "k_norm.weight");
        Tensor values = Project(normed, attention + "v_proj").view(-1, _config.KeyValueHeadCount, _config.HeadDim);
        Tensor heads = _rotary.Rotate(cat([queries, keys, values], 1), angles.Cosines, angles.Sines);
        Tensor attended = cat([.. batch.Spans.Select(span => Attend(heads.narrow(0, span.First, span.Length), span.Length))], 0);
        rows = rows.add(Project(attended, attention + "o_proj"));

        normed = Norm(rows, stem + "post_attention_layernorm.weight");
        Tensor gated = Project(normed, stem + "mlp.gate_proj").silu().mul(Project(normed, stem + "mlp.up_proj"));
        return rows.add(Project(gated, stem + "mlp.down_proj"));
    }

    /// <summary>The final norm.</summary>
    public Tensor FinalNorm(Tensor rows) => Norm(rows, "model.norm.weight");

    public void Dispose() => _rotary.Dispose();

    private Tensor Weight(string name) => _parameters[name].Weights;

    private Tensor Project(Tensor rows, string name)
    {
        Tensor result = rows.mm(Weight(name + ".weight").t());
        if (_parameters.TryGetValue(name + ".bias", out DeviceParameter? bias))
            result = result.add(bias.Weights);
        if (!_adapterFactors.TryGetValue(name + ".weight", out float factor))
            return result;
        Tensor low = rows.mm(Weight(name + ".lora_A.weight").t()).mul(factor);
        return result.add(low.mm(Weight(name + ".lora_B.weight").t()));
    }

    private Tensor Norm(Tensor rows, string weight)
    {
        Tensor single = rows.to(ScalarType.Float32);
        Tensor scale = single.square().mean([-1], keepdim: true).add(_config.RmsNormEpsilon).rsqrt();
        return single.mul(scale).to(_type).mul(Weight(weight));
    }

    private Tensor NormHeads(Tensor heads, string weight) => _config.HasQueryKeyNorm ? Norm(heads, weight) : heads;

    /// <summary>Attention of one sequence. <c>[length, heads + 2 * kv_heads, head_dim]</c> to <c>[length, heads * head_dim]</c></summary>
    private Tensor Attend(Tensor heads, int length)
    {
        int shared = _config.HeadCount / _config.KeyValueHeadCount;
        Tensor queries = heads.narrow(1, 0, _config.HeadCount).transpose(0, 1).unsqueeze(0);
        Tensor keys = ForEveryQuery(heads.narrow(1, _config.HeadCount, _config.KeyValueHeadCount));
        Tensor values = ForEveryQuery(heads.narrow(1, _config.HeadCount + _config.KeyValueHeadCount, _config.KeyValueHeadCount));
        bool windowed = _config.SlidingWindow is { } window && window < length;
        Tensor attended = windowed
            ? nn.functional.scaled_dot_product_attention(queries, keys, values, WindowMask(length))
            : nn.functional.scaled_dot_product_attention(queries, keys, values, is_casual: true);
        return attended.squeeze(0).transpose(0, 1).reshape(length, _config.HeadCount * (long)_config.HeadDim);

        Tensor ForEveryQuery(Tensor one) => one.transpose(0, 1).unsqueeze(1)
            .expand(_config.KeyValueHeadCount, shared, length, _config.HeadDim).reshape(1, _config.HeadCount, length, _config.HeadDim);
    }

    private Tensor WindowMask(int length)
    {
        Tensor position = arange(length, ScalarType.Int64, _device);
        Tensor back = position.unsqueeze(1).sub(position.unsqueeze(0));
        Tensor seen = back.ge(0).logical_and(back.lt(_config.SlidingWindow!.Value));
        return where(seen, zeros(1, _type, _device), full(1, float.NegativeInfinity, _type, _device));
    }
}
