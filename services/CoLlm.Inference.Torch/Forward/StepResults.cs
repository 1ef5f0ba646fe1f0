using CoLlm.Inference.Backends;
using CoLlm.Inference.Models;
using CoLlm.Inference.Torch.Devices;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// Brings hidden states, logits and the signs of overflow back to the host in one copy, which is the step's only wait for the device.
/// </summary>
internal sealed unsafe class StepResults : IDisposable
{
    private readonly ModelConfig _config;
    private readonly Tensor _host;
    private readonly float* _values;

    public StepResults(ModelConfig config, TorchDevice device, int maxRows, int maxOutputs)
    {
        _config = config;
        long length = (maxOutputs * (config.HiddenSize + (long)config.VocabularySize + 1)) + maxRows;
        using var scope = NewDisposeScope();
        Tensor plain = empty([length], ScalarType.Float32);
        _host = (device.IsCuda ? plain.pin_memory() : plain).DetachFromDisposeScope();
        using Tensor start = _host.narrow(0, 0, 1);
        fixed (byte* address = start.bytes)
            _values = (float*)address;
    }

    /// <summary>Rows of the last step whose activations are not finite.</summary>
    public List<int> FailedRows { get; } = [];

    /// <summary>The first row of the last step whose activations or logits are not finite.</summary>
    public int? FailedRow { get; private set; }

    /// <summary>Copies a step's results into <paramref name="output"/>.</summary>
    /// <param name="rows">Every row after the last layer: a sum over each tells whether it is finite. <c>[rows, hidden]</c></param>
    /// <param name="hidden">Wanted rows after the final norm. <c>[outputs, hidden]</c></param>
    /// <param name="logits"><c>[outputs, vocabulary]</c></param>
    /// <param name="plan">The step.</param>
    /// <param name="output">Where the results go.</param>
    public void Fetch(Tensor rows, Tensor hidden, Tensor logits, StepPlan plan, StepOutput output)
    {
        int outputs = plan.OutputRows.Length;
        int rowCount = plan.TokenIds.Length;
        Tensor single = logits.to(ScalarType.Float32);
        Tensor all = cat(
            [
                hidden.to(ScalarType.Float32).reshape(-1),
                single.view(-1),
                single.sum(1),
                rows.sum(1, type: ScalarType.Float32),
            ],
            0);
        _host.narrow(0, 0, (outputs * (_config.HiddenSize + (long)_config.VocabularySize + 1)) + rowCount).copy_(all);

        float* values = _values;
        new ReadOnlySpan<float>(values, outputs * _config.HiddenSize).CopyTo(output.AllHiddenStates(outputs));
        values += (long)outputs * _config.HiddenSize;
        new ReadOnlySpan<float>(values, outputs * _config.VocabularySize).CopyTo(output.AllLogits(outputs));
        values += (long)outputs * _config.VocabularySize;
        Check(new ReadOnlySpan<float>(values, outputs), new ReadOnlySpan<float>(values + outputs, rowCount), plan);
    }

    public void Dispose() => _host.Dispose();

    private void Check(ReadOnlySpan<float> logitSums, ReadOnlySpan<float> rowSums, StepPlan plan)
    {
        FailedRows.Clear();
        FailedRow = null;
        for (int i = 0; i < rowSums.Length; i++)
        {
            if (!float.IsFinite(rowSums[i]))
                FailedRows.Add(i);
        }

        for (int i = 0; i < logitSums.Length && FailedRow is null; i++)
        {
            if (!float.IsFinite(logitSums[i]))
                FailedRow = plan.OutputRows[i];
        }

        if (FailedRows.Count > 0)
            FailedRow = Math.Min(FailedRow ?? int.MaxValue, FailedRows[0]);
    }
}
