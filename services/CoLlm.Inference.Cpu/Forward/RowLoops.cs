using CoLlm.Inference.Backends;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Cpu.Weights;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>Starts every row: its token's embedding and the angles of its position.</summary>
internal sealed unsafe class RowStartLoop(CpuModel model, RotaryTable rotary, StepRows rows, StepBuffers buffers) : IPoolLoop
{
    private readonly int _halfHead = model.Config.HeadDim / 2;

    public void Run(int item, int thread)
    {
        int hidden = model.Config.HiddenSize;
        float* target = buffers.Residual + ((long)item * buffers.HiddenStride);
        Elements.ToFloats(
            model.Embedding.Data, model.Embedding.ElementType, (long)rows.Plan.TokenIds[item] * hidden, new Span<float>(target, hidden));
        rotary.Write(rows.Position(item), buffers.Cosines + ((long)item * _halfHead), buffers.Sines + ((long)item * _halfHead));
    }
}

/// <summary>Normalises rows of the residual stream.</summary>
internal sealed unsafe class NormLoop(KernelTable kernels, WorkerPool pool, ModelConfig config, StepBuffers buffers) : IPoolLoop
{
    private float* _weight;

    /// <summary>Fills the first rows of <see cref="StepBuffers.Normed"/>.</summary>
    public void Run(nint weight, int count)
    {
        _weight = (float*)weight;
        pool.For(count, this);
    }

    public void Run(int item, int thread)
    {
        long offset = (long)item * buffers.HiddenStride;
        kernels.RmsNorm(buffers.Residual + offset, _weight, buffers.Normed + offset, config.HiddenSize, config.RmsNormEpsilon);
    }
}

/// <summary>Prepares a row's heads: query and key norms, rotary embedding, and the row's place in the KV cache.</summary>
internal sealed unsafe class HeadLoop(
    KernelTable kernels, WorkerPool pool, ModelConfig config, KvStore cache, StepRows rows, StepBuffers buffers) : IPoolLoop
{
    private CpuLayer? _weights;
    private int _layer;

    public void Run(CpuLayer weights, int layer)
    {
        _weights = weights;
        _layer = layer;
        pool.For(rows.Count, this);
    }

    public void Run(int item, int thread)
    {
        int width = config.HeadDim;
        float* queries = buffers.QueryKeyValue + ((long)item * buffers.QueryKeyValueStride);
        float* keys = queries + (config.HeadCount * width);
        float* values = keys + (config.KeyValueHeadCount * width);
        float* cosines = buffers.Cosines + ((long)item * (width / 2));
        float* sines = buffers.Sines + ((long)item * (width / 2));
        for (int head = 0; head < config.HeadCount; head++)
            Prepare(queries + (head * width), _weights!.QueryNorm, cosines, sines);

        ReadOnlySpan<int> table = rows.BlockTable(item);
        for (int head = 0; head < config.KeyValueHeadCount; head++)
        {
            float* key = keys + (head * width);
            Prepare(key, _weights!.KeyNorm, cosines, sines);
            cache.Write(table, _layer, head, rows.Position(item), key, values + (head * width));
        }
    }

    private void Prepare(float* head, nint norm, float* cosines, float* sines)
    {
        if (norm != 0)
            kernels.RmsNorm(head, (float*)norm, head, config.HeadDim, config.RmsNormEpsilon);
        kernels.Rotate(head, cosines, sines, config.HeadDim / 2);
    }
}

/// <summary>Finishes the wanted rows: hands out their hidden states and checks that their logits are finite.</summary>
internal sealed unsafe class OutputLoop(WorkerPool pool, StepBuffers buffers) : IPoolLoop
{
    private StepOutput? _output;
    private int _firstFailed;
    private int _wholeColumns;

    /// <summary>Returns the first output row with a logit that is not finite, or -1.</summary>
    public int Run(StepOutput output, int count, int wholeColumns)
    {
        _output = output;
        _wholeColumns = wholeColumns;
        _firstFailed = int.MaxValue;
        pool.For(count, this);
        return _firstFailed == int.MaxValue ? -1 : _firstFailed;
    }

    public void Run(int item, int thread)
    {
        Span<float> logits = _output!.Logits(item);
        new ReadOnlySpan<float>(buffers.HeadTail + ((long)item * FloatTile.Columns), logits.Length - _wholeColumns)
            .CopyTo(logits[_wholeColumns..]);
        if (Elements.AllFinite(logits))
            return;
        int seen = _firstFailed;
        while (item < seen)
            seen = Interlocked.CompareExchange(ref _firstFailed, item, seen) == seen ? item : _firstFailed;
    }
}
