using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Memory;
using CoLlm.Inference.Cpu.Weights;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>Scratch memory of a step, allocated once for the largest one. Row strides are whole panels.</summary>
internal sealed unsafe class StepBuffers : IDisposable
{
    private readonly List<NativeBuffer> _all = [];

    public StepBuffers(CpuModel model, int maxRows, int maxOutputs)
    {
        ModelConfig config = model.Config;
        CpuLayer layer = model.Layers[0];
        HiddenStride = layer.AttentionOutput.Columns;
        QueryKeyValueStride = layer.QueryKeyValue.Columns;
        AttendedStride = config.HeadCount * config.HeadDim;
        GateUpStride = layer.GateUp.Columns;
        GatedStride = layer.GateUp.Columns / 2;

        Residual = Floats(maxRows, HiddenStride);
        Normed = Floats(maxRows, HiddenStride);
        Projected = Floats(maxRows, HiddenStride);
        QueryKeyValue = Floats(maxRows, QueryKeyValueStride);
        Attended = Floats(maxRows, AttendedStride);
        GateUp = Floats(maxRows, GateUpStride);
        Gated = Floats(maxRows, GatedStride);
        int deepest = Math.Max(AttendedStride, Math.Max(config.HiddenSize, config.FeedForwardSize));
        Packed = Bytes(maxRows * MatrixInput.MaxRowBytes(deepest));
        Cosines = Floats(maxRows, config.HeadDim / 2);
        Sines = Floats(maxRows, config.HeadDim / 2);
        HeadTail = Floats(maxOutputs, FloatTile.Columns);
    }

    public int HiddenStride { get; }

    public int QueryKeyValueStride { get; }

    public int AttendedStride { get; }

    public int GateUpStride { get; }

    public int GatedStride { get; }

    /// <summary>Residual stream. <c>[rows, hidden]</c></summary>
    public float* Residual { get; }

    public float* Normed { get; }

    /// <summary>Outputs of the projections that end in the residual stream. <c>[rows, hidden]</c></summary>
    public float* Projected { get; }

    /// <summary>Queries, keys and values. <c>[rows, (heads + 2 * kv_heads) * head_dim]</c></summary>
    public float* QueryKeyValue { get; }

    /// <summary>Attention results. <c>[rows, heads * head_dim]</c></summary>
    public float* Attended { get; }

    public float* GateUp { get; }

    public float* Gated { get; }

    /// <summary>The rows that a product reads, packed.</summary>
    public byte* Packed { get; }

    /// <summary><c>[rows, head_dim / 2]</c></summary>
    public float* Cosines { get; }

    /// <summary><c>[rows, head_dim / 2]</c></summary>
    public float* Sines { get; }

    /// <summary>The last, partly padded panel of the logits. <c>[outputs, 32]</c></summary>
    public float* HeadTail { get; }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _all)
            buffer.Dispose();
    }

    private float* Floats(int rows, int stride) => (float*)Bytes((long)rows * stride * sizeof(float));

    private byte* Bytes(long byteLength)
    {
        var buffer = new NativeBuffer(byteLength);
        _all.Add(buffer);
        return buffer.Data;
    }
}
