using CoLlm.Inference.Backends;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>One step of the model: every row of a plan through every layer, on the thread that asks for it.</summary>
internal sealed unsafe class ForwardPass : IPoolProgram, IDisposable
{
    private readonly CpuModel _model;
    private readonly WorkerPool _pool;
    private readonly StepRows _rows;
    private readonly StepBuffers _buffers;
    private readonly MatrixInput _input;
    private readonly MatrixProduct _product;
    private readonly RowStartLoop _rowStart;
    private readonly NormLoop _norm;
    private readonly HeadLoop _heads;
    private readonly AttentionLoop _attention;
    private readonly OutputLoop _outputs;
    private StepOutput? _output;

    public ForwardPass(CpuModel model, KernelTable kernels, WorkerPool pool, KvStore cache, int maxRows, int maxOutputs)
    {
        _model = model;
        _pool = pool;
        _rows = new StepRows(maxRows);
        _buffers = new StepBuffers(model, maxRows, maxOutputs);
        _input = new MatrixInput(kernels, pool);
        _product = new MatrixProduct(kernels, pool);
        _rowStart = new RowStartLoop(model, new RotaryTable(model.Config), _rows, _buffers);
        _norm = new NormLoop(kernels, pool, model.Config, _buffers);
        _heads = new HeadLoop(kernels, pool, model.Config, cache, _rows, _buffers);
        _attention = new AttentionLoop(kernels, pool, model.Config, cache, _rows, _buffers);
        _outputs = new OutputLoop(pool, _buffers);
    }

    /// <summary>Output row of the last step whose logits are not finite, or -1.</summary>
    public int FailedOutput { get; private set; }

    /// <summary>Runs the plan and blocks until its outputs are there.</summary>
    public void Run(StepPlan plan, StepOutput output)
    {
        _rows.Assign(plan);
        _output = output;
        _pool.Execute(this);
    }

    /// <summary>The sequence that an output row belongs to, as an index into the plan.</summary>
    public int SequenceOfOutput(int outputIndex) => _rows.Sequence(_rows.Plan.OutputRows[outputIndex]);

    public void Execute()
    {
        int outputs = _rows.Plan.OutputRows.Length;
        FailedOutput = -1;
        _pool.For(_rows.Count, _rowStart);
        int live = _rows.Count;
        for (int index = 0; index < _model.Layers.Length; index++)
        {
            CpuLayer layer = _model.Layers[index];
            Attend(layer, index);
            if (index == _model.Layers.Length - 1)
                live = KeepOutputRows();
            FeedForward(layer, live);
        }
        if (outputs > 0)
            Project(outputs);
    }

    public void Dispose()
    {
        _attention.Dispose();
        _buffers.Dispose();
    }

    private void Attend(CpuLayer layer, int index)
    {
        StepBuffers b = _buffers;
        _norm.Run(layer.InputNorm, _rows.Count);
        _input.Pack(layer.QueryKeyValue, b.Normed, b.HiddenStride, _rows.Count, b.Packed);
        ProductEnd end = layer.QueryKeyValueBias != 0 ? ProductEnd.AddBias : ProductEnd.None;
        _product.Run(layer.QueryKeyValue, _input, b.QueryKeyValue, b.QueryKeyValueStride, end, (float*)layer.QueryKeyValueBias, 0);
        _heads.Run(layer, index);
        _attention.Run(index);
    }

    /// <summary>After the last layer's attention only the wanted rows matter; moves them to the front.</summary>
    private int KeepOutputRows()
    {
        ReadOnlySpan<int> wanted = _rows.Plan.OutputRows;
        for (int i = 0; i < wanted.Length; i++)
        {
            CopyRow(_buffers.Residual, _buffers.HiddenStride, wanted[i], i);
            CopyRow(_buffers.Attended, _buffers.AttendedStride, wanted[i], i);
        }
        return wanted.Length;
    }

    private static void CopyRow(float* rows, int stride, int from, int to)
    {
        if (from != to)
            new ReadOnlySpan<float>(rows + ((long)from * stride), stride).CopyTo(new Span<float>(rows + ((long)to * stride), stride));
    }

    private void FeedForward(CpuLayer layer, int count)
    {
        if (count == 0)
            return;
        StepBuffers b = _buffers;
        _input.Pack(layer.AttentionOutput, b.Attended, b.AttendedStride, count, b.Packed);
        _product.Run(
            layer.AttentionOutput, _input, b.Projected, b.HiddenStride, ProductEnd.AddToResidual, b.Residual, b.HiddenStride);
        _norm.Run(layer.PostAttentionNorm, count);
        _input.Pack(layer.GateUp, b.Normed, b.HiddenStride, count, b.Packed);
        _product.Run(layer.GateUp, _input, b.GateUp, b.GateUpStride, ProductEnd.Gate, b.Gated, b.GatedStride);
        _input.Pack(layer.Down, b.Gated, b.GatedStride, count, b.Packed);
        _product.Run(layer.Down, _input, b.Projected, b.HiddenStride, ProductEnd.AddToResidual, b.Residual, b.HiddenStride);
    }

    private void Project(int count)
    {
        StepBuffers b = _buffers;
        _norm.Run(_model.FinalNorm, count);
        for (int i = 0; i < count; i++)
            new ReadOnlySpan<float>(b.Normed + ((long)i * b.HiddenStride), _model.Config.HiddenSize).CopyTo(_output!.HiddenState(i));

        _input.Pack(_model.Head, b.Normed, b.HiddenStride, count, b.Packed);
        int vocabulary = _model.Config.VocabularySize;
        int wholePanels = vocabulary / FloatTile.Columns;
        fixed (float* logits = _output!.AllLogits(count))
        {
            PackedMatrix whole = _model.Head with { Panels = wholePanels };
            _product.Run(whole, _input, logits, vocabulary, ProductEnd.None, null, 0);
            if (wholePanels < _model.Head.Panels)
            {
                PackedMatrix tail = _model.Head with { Data = whole.Data + (nint)whole.ByteLength, Panels = 1 };
                _product.Run(tail, _input, b.HeadTail, FloatTile.Columns, ProductEnd.None, null, 0);
            }
        }
        FailedOutput = _outputs.Run(_output!, count, wholePanels * FloatTile.Columns);
    }
}
