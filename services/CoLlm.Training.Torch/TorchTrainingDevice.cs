using CoLlm.Inference.Torch.Devices;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;
using CoLlm.Training.Optimization;
using CoLlm.Training.Running;
using static TorchSharp.torch;

namespace CoLlm.Training.Torch;

/// <summary>
/// Training on a device of libtorch. A pass keeps nothing but every layer's input; on the way back each layer is computed again, so that
/// one layer's intermediate results exist at a time.
/// </summary>
internal sealed class TorchTrainingDevice : ITrainingDevice
{
    private readonly TorchDevice _device;
    private readonly TrainerState _state;
    private readonly TrainingOptions _options;
    private readonly List<DeviceParameter> _parameters = [];
    private readonly DeviceParameter[][] _layers;
    private readonly DeviceParameter _embedding;
    private readonly DeviceModel _model;
    private readonly DeviceLoss _loss;
    private readonly bool _trainsModel;

    /// <summary>Brings weights and moments to the device.</summary>
    public TorchTrainingDevice(TorchDevice device, TrainerState state, TrainingOptions options, int columnCount)
    {
        (_device, _state, _options) = (device, state, options);
        ScalarType type = options.DevicePrecision == DevicePrecision.Float32 ? ScalarType.Float32 : ScalarType.BFloat16;
        Dictionary<Parameter, AdamWState> moments = state.Optimizer.States.ToDictionary(s => s.Parameter);
        Dictionary<string, DeviceParameter> byName = new(StringComparer.Ordinal);
        DeviceParameter? theta = null;
        foreach (Parameter parameter in state.Parameters)
        {
            bool isTheta = parameter == state.Theta;
            DeviceParameter placed = new(parameter, moments.GetValueOrDefault(parameter), isTheta ? ScalarType.Float32 : type, device.Device);
            _parameters.Add(placed);
            if (isTheta)
                theta = placed;
            else
                byName.Add(parameter.Name, placed);
        }

        _trainsModel = byName.Values.Any(parameter => parameter.IsTrained);
        _layers = [.. Enumerable.Range(0, state.Model.Layers.Count).Select(i => OfLayer(byName, i))];
        _embedding = byName[state.Model.Embedding.Name];
        _model = new DeviceModel(state.Model, byName, type, device.Device);
        _loss = new DeviceLoss(byName[state.Model.OutputWeight.Name], theta, columnCount, device.Device);
    }

    public LossTotals Accumulate(PackedBatch batch, double gradientScale)
    {
        using var scope = NewDisposeScope();
        Tensor tokenIds = Index(batch.TokenIds);
        (Tensor Cosines, Tensor Sines) angles;
        Tensor[] inputs = new Tensor[_state.Model.Layers.Count + 1];
        using (no_grad())
        {
            angles = _model.Angles(Index(batch.Positions));
            inputs[0] = _model.Embed(tokenIds);
            for (int i = 0; i + 1 < inputs.Length; i++)
                inputs[i + 1] = Forward(i, inputs[i], angles, batch);
        }

        Tensor last = inputs[^1].detach().requires_grad_(_trainsModel);
        Tensor hidden = _model.FinalNorm(last);
        Tensor leaf = hidden.detach().requires_grad_(_trainsModel);
        Tensor totals = _loss.Accumulate(leaf, batch, gradientScale);
        if (_trainsModel && leaf.grad is { } hiddenGradient)
        {
            hidden.backward([hiddenGradient]);
            Backward(inputs, last.grad!, angles, batch, tokenIds);
        }

        double[] sums = totals.cpu().data<double>().ToArray();
        return new LossTotals(batch.TargetRows.Length, sums[0], sums[1], sums[2], (int)sums[3]);
    }

    public double GradientNorm()
    {
        using var scope = NewDisposeScope();
        Tensor total = zeros(1, ScalarType.Float64, _device.Device);
        foreach (DeviceParameter parameter in _parameters)
        {
            if (parameter.Gradient is { } gradient)
                total.add_(gradient.square().sum(ScalarType.Float64));
        }

        return Math.Sqrt(total.cpu().item<double>());
    }

    public void Step(float learningRate, float gradientFactor)
    {
        using IDisposable noGradients = no_grad();
        AdamWOptions options = _options.Optimizer;
        int step = ++_state.Optimizer.StepCount;
        StepFactors factors = new(
            gradientFactor, learningRate, (float)(1 - Math.Pow(options.Beta1, step)), (float)(1 / Math.Sqrt(1 - Math.Pow(options.Beta2, step))));
        foreach (DeviceParameter parameter in _parameters)
            parameter.Step(factors, options);
    }

    public void Download()
    {
        using IDisposable noGradients = no_grad();
        foreach (DeviceParameter parameter in _parameters)
            parameter.Download();
    }

    public void Dispose()
    {
        _model.Dispose();
        foreach (DeviceParameter parameter in _parameters)
            parameter.Dispose();
    }

    private Tensor Forward(int layer, Tensor input, (Tensor Cosines, Tensor Sines) angles, PackedBatch batch)
    {
        using var scope = NewDisposeScope();
        return _model.Layer(layer, input, angles, batch).MoveToOuterDisposeScope();
    }

    private void Backward(Tensor[] inputs, Tensor gradient, (Tensor Cosines, Tensor Sines) angles, PackedBatch batch, Tensor tokenIds)
    {
        for (int i = inputs.Length - 2; i >= 0; i--)
        {
            using var scope = NewDisposeScope();
            Tensor input = inputs[i].detach().requires_grad_(true);
            _model.Layer(i, input, angles, batch).backward([gradient]);
            gradient = input.grad!.MoveToOuterDisposeScope();
            foreach (DeviceParameter parameter in _layers[i])
                parameter.CollectGradient();
        }

        foreach (DeviceParameter parameter in _parameters)
            parameter.CollectGradient(); // what no layer has: the final norm's
        if (_embedding.Gradient is { } embeddingGradient)
            embeddingGradient.index_add_(0, tokenIds, gradient.to(ScalarType.Float32), 1);
    }

    private static DeviceParameter[] OfLayer(Dictionary<string, DeviceParameter> byName, int layer) =>
        [.. byName.Where(entry => entry.Key.StartsWith($"model.layers.{layer}.", StringComparison.Ordinal)).Select(entry => entry.Value)];

    private Tensor Index(int[] values) => tensor(values, ScalarType.Int64).to(_device.Device);
}
