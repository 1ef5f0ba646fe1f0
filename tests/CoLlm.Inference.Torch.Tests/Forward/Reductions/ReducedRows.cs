using CoLlm.Inference.Backends;
using CoLlm.Inference.Cpu.Tests;
using CoLlm.Inference.Sampling;
using CoLlm.Inference.Torch.Devices;
using CoLlm.Inference.Torch.Forward;
using CoLlm.Inference.Torch.Forward.Reductions;
using CoLlm.Testing.Reference;
using TorchSharp;

namespace CoLlm.Inference.Torch.Tests.Forward.Reductions;

/// <summary>Rows of logits and what is to be made of each, reduced in one step on the device and by the definition.</summary>
internal sealed class ReducedRows(int vocabularySize)
{
    private readonly List<(float[] Logits, OutputReduction Reduction, int[] Prefix)> _rows = [];

    /// <summary>Series of calls that the last <see cref="OnDevice"/> took.</summary>
    public int SeriesCount { get; private set; }

    public int Count => _rows.Count;

    public void Add(float[] logits, OutputReduction reduction, int[] prefix) => _rows.Add((logits, reduction, prefix));

    public TokenLogProbability[] Expected(int row) =>
        ReferenceReduction.Entries(_rows[row].Logits, _rows[row].Reduction, _rows[row].Prefix, output: 0);

    /// <summary>The entries of every row, made on the device.</summary>
    public TokenLogProbability[][] OnDevice()
    {
        TorchDevice device = TorchDevice.Open(TorchUnderTest.Device);
        StepPlan plan = Plan();
        var output = new StepOutput(vocabularySize, hiddenSize: 1);
        output.EnsureEntries(plan);
        using var inputs = new StepInputs(MemoryCheckpoint.Shape(), device, blockSize: 16);
        using var reducer = new RowReducer(device, vocabularySize);
        using var scope = torch.NewDisposeScope();
        inputs.Load(plan);
        using torch.Tensor host = torch.tensor(_rows.SelectMany(row => row.Logits).ToArray(), torch.ScalarType.Float32);
        torch.Tensor logits = host.view(_rows.Count, vocabularySize).to(device.Device);
        foreach (ReductionGroup group in inputs.Reductions.Current)
            group.Read(reducer.Run(group, logits).cpu().data<float>().ToArray(), output);
        SeriesCount = inputs.Reductions.Current.Count;
        return [.. Enumerable.Range(0, _rows.Count).Select(row => output.Entries(row).ToArray())];
    }

    private StepPlan Plan()
    {
        var plan = new StepPlan();
        foreach ((_, OutputReduction reduction, int[] prefix) in _rows)
            plan.Add([prefix[^1]], prefix.Length - 1, new int[((prefix.Length - 1) / 16) + 1], [0], reduction, prefix);
        return plan;
    }
}
