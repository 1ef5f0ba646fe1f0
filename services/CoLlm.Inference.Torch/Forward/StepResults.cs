using CoLlm.Inference.Backends;
using CoLlm.Inference.Models;
using CoLlm.Inference.Torch.Devices;
using CoLlm.Inference.Torch.Forward.Reductions;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// Brings hidden states, logits or what is made of them, and the signs of overflow back to the host in one copy, which is the step's only wait
/// for the device.
/// </summary>
internal sealed unsafe class StepResults : IDisposable
{
    private const int LeastLogits = 4; // A row's reduction may take two entries, an id and a log-probability each, of the smallest vocabulary.

    private readonly ModelConfig _config;
    private readonly RowReducer _reducer;
    private readonly List<Tensor> _parts = [];
    private readonly Tensor _host;
    private readonly float* _values;

    public StepResults(ModelConfig config, TorchDevice device, int maxRows, int maxOutputs)
    {
        _config = config;
        _reducer = new RowReducer(device, config.VocabularySize);
        long length = (maxOutputs * (config.HiddenSize + Math.Max(config.VocabularySize, (long)LeastLogits) + 1)) + maxRows;
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

    /// <summary>Bytes that the last step brought back.</summary>
    public long BytesFetched { get; private set; }

    /// <summary>Copies a step's results into <paramref name="output"/>.</summary>
    /// <param name="rows">Every row after the last layer: a sum over each tells whether it is finite. <c>[rows, hidden]</c></param>
    /// <param name="hidden">Wanted rows after the final norm. <c>[outputs, hidden]</c></param>
    /// <param name="logits"><c>[outputs, vocabulary]</c></param>
    /// <param name="reductions">What becomes of the logits.</param>
    /// <param name="plan">The step.</param>
    /// <param name="output">Where the results go.</param>
    public void Fetch(Tensor rows, Tensor hidden, Tensor logits, ReductionGroups reductions, StepPlan plan, StepOutput output)
    {
        int outputs = plan.OutputRows.Length;
        int rowCount = plan.TokenIds.Length;
        Tensor single = logits.to(ScalarType.Float32);
        _parts.Clear();
        _parts.Add(hidden.to(ScalarType.Float32).reshape(-1));
        if (reductions.Whole.Count > 0)
            _parts.Add((reductions.WholeRows is { } index ? single.index_select(0, index) : single).view(-1));
        foreach (ReductionGroup group in reductions.Current)
            _parts.Add(_reducer.Run(group, single).view(-1));
        _parts.Add(single.sum(1));
        _parts.Add(rows.sum(1, type: ScalarType.Float32));
        Tensor all = cat(_parts, 0);
        long length = all.shape[0];
        BytesFetched = length * sizeof(float);
        _host.narrow(0, 0, length).copy_(all);
        Read(reductions, outputs, output);
        Check(new ReadOnlySpan<float>(_values + length - rowCount - outputs, outputs), new ReadOnlySpan<float>(_values + length - rowCount, rowCount), plan);
    }

    public void Dispose()
    {
        _host.Dispose();
        _reducer.Dispose();
    }

    private void Read(ReductionGroups reductions, int outputs, StepOutput output)
    {
        float* values = _values;
        new ReadOnlySpan<float>(values, outputs * _config.HiddenSize).CopyTo(output.AllHiddenStates(outputs));
        values += (long)outputs * _config.HiddenSize;
        foreach (int row in reductions.Whole)
        {
            new ReadOnlySpan<float>(values, _config.VocabularySize).CopyTo(output.Logits(row));
            values += _config.VocabularySize;
        }

        foreach (ReductionGroup group in reductions.Current)
        {
            int length = 2 * group.RowCount * group.EntryCount;
            group.Read(new ReadOnlySpan<float>(values, length), output);
            values += length;
        }
    }

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
