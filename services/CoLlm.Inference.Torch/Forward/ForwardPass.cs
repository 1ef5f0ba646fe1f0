using CoLlm.Inference.Backends;
using CoLlm.Inference.Models;
using CoLlm.Inference.Torch.Devices;
using CoLlm.Inference.Torch.Weights;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>One step after another: plan to the device, all layers, the wanted rows' results back in one copy.</summary>
internal sealed class ForwardPass : IDisposable
{
    private readonly TorchModel _model;
    private readonly TorchDevice _device;
    private readonly ModelConfig _config;
    private readonly KvStore _cache;
    private readonly StepInputs _inputs;
    private readonly StepResults _results;
    private readonly AttentionPass _attention;
    private readonly RotaryAngles _rotary;
    private readonly RootMeanSquare _norm;
    private readonly long[] _hiddenPair;
    private readonly long[] _headPair;
    private readonly long[] _headShape;

    public ForwardPass(TorchModel model, TorchDevice device, KvStore cache, int blockCount, int blockSize, int maxRows, int maxOutputs)
    {
        _model = model;
        _device = device;
        _config = model.Config;
        _cache = cache;
        _inputs = new StepInputs(_config, device, blockSize);
        _results = new StepResults(_config, device, maxRows, maxOutputs);
        _attention = new AttentionPass(_config, model.Type, device.Device, (long)blockCount * blockSize);
        _rotary = new RotaryAngles(_config, model.Type, device.Device);
        _norm = new RootMeanSquare(_config.RmsNormEpsilon, model.Type, device.Device);
        _hiddenPair = [2, _config.HiddenSize];
        _headPair = [2, _config.HeadDim];
        _headShape = [-1, _config.HeadCount + (2L * _config.KeyValueHeadCount), _config.HeadDim];
    }

    /// <summary>Runs the plan.</summary>
    /// <exception cref="NonFiniteActivationException">A row's activations or a wanted logit are NaN or infinite.</exception>
    public void Run(StepPlan plan, StepOutput output)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradients = inference_mode();
        try
        {
            Compute(plan, output);
        }
        catch
        {
            _device.Synchronize(); // The next step writes to the pages that this one's copies may still be reading.
            throw;
        }

        if (_results.FailedRow is { } failed)
            Fail(plan, failed);
    }

    /// <summary>Bytes that the last step brought back to the host.</summary>
    public long BytesFetched => _results.BytesFetched;

    public void Dispose()
    {
        _inputs.Dispose();
        _results.Dispose();
        _attention.Dispose();
        _rotary.Dispose();
        _norm.Dispose();
    }

    private void Compute(StepPlan plan, StepOutput output)
    {
        _inputs.Load(plan);
        _attention.SetMasks(_inputs.Groups, _inputs.Limits);
        (Tensor cosines, Tensor sines) = _rotary.For(_inputs.Positions);
        Tensor rows = _model.Embedding.index_select(0, _inputs.TokenIds);
        for (int i = 0; i < _model.Layers.Length; i++)
            rows = Layer(i, rows, cosines, sines);

        Tensor hidden = _norm.Apply(rows.index_select(0, _inputs.OutputRows), 1, _hiddenPair, _model.FinalNorm);
        _results.Fetch(rows, hidden, hidden.mm(_model.Head), _inputs.Reductions, plan, output);
    }

    private Tensor Layer(int index, Tensor rows, Tensor cosines, Tensor sines)
    {
        using var scope = NewDisposeScope();
        TorchLayer layer = _model.Layers[index];
        Tensor normed = _norm.Apply(rows, 1, _hiddenPair, layer.InputNorm);
        Tensor projected = layer.QueryKeyValueBias is { } bias ? bias.addmm(normed, layer.QueryKeyValue) : normed.mm(layer.QueryKeyValue);
        Tensor heads = projected.view(_headShape);
        if (layer.HeadNorm is { } headNorm)
            heads = NormHeads(heads, headNorm);
        heads = _rotary.Rotate(heads, cosines, sines);
        _cache.Slots[index].index_copy_(0, _inputs.Slots, heads.narrow(1, _config.HeadCount, 2 * _config.KeyValueHeadCount));
        Tensor attended = _attention.Run(_inputs.Groups, heads, _cache.Blocks[index]);
        rows = rows.addmm(attended, layer.AttentionOutput);

        normed = _norm.Apply(rows, 1, _hiddenPair, layer.PostAttentionNorm);
        Tensor gateAndUp = normed.mm(layer.GateUp);
        Tensor gated = gateAndUp.narrow(1, 0, _config.FeedForwardSize).silu().mul_(gateAndUp.narrow(1, _config.FeedForwardSize, _config.FeedForwardSize));
        return rows.addmm(gated, layer.Down).MoveToOuterDisposeScope();
    }

    private Tensor NormHeads(Tensor heads, Tensor weights)
    {
        long normed = _config.HeadCount + _config.KeyValueHeadCount;
        Tensor queriesAndKeys = _norm.Apply(heads.narrow(1, 0, normed), 2, _headPair, null).mul(weights);
        return cat([queriesAndKeys, heads.narrow(1, normed, _config.KeyValueHeadCount)], 1);
    }

    private void Fail(StepPlan plan, int row)
    {
        if (_results.FailedRows.Count > 0)
            _cache.Clear([.. _results.FailedRows.Select(r => _inputs.SlotOf(r, plan.TokenIds.Length))]);
        int sequence = 0;
        while (row >= plan.Sequences[sequence].FirstRow + plan.Sequences[sequence].RowCount)
            sequence++;
        throw new NonFiniteActivationException(
            $"Row {row} of the step has activations or logits that are NaN or infinite; the model's weights or activations overflow.", sequence);
    }
}
