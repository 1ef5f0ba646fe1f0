using CoLlm.Inference.Backends;
using CoLlm.Inference.Sampling;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward.Reductions;

/// <summary>Sorts a step's wanted rows into those whose logits come back whole and groups that are reduced together.</summary>
internal sealed class ReductionGroups
{
    private readonly List<ReductionGroup> _all = [];
    private readonly List<int> _whole = [];
    private int _outputCount;
    private int _wholePlace;

    /// <summary>The groups of the step that <see cref="Build"/> was last given.</summary>
    public List<ReductionGroup> Current { get; } = [];

    /// <summary>Wanted rows whose logits come back whole, ascending.</summary>
    public IReadOnlyList<int> Whole => _whole;

    /// <summary>Them, on the device; null where they are all or none. <c>[whole]</c></summary>
    public Tensor? WholeRows { get; private set; }

    public void Build(StepPlan plan)
    {
        Current.Clear();
        _whole.Clear();
        _outputCount = plan.OutputRows.Length;
        foreach (PlanSequence sequence in plan.Sequences)
        {
            for (int i = 0; i < sequence.OutputCount; i++)
            {
                int output = sequence.FirstOutput + i;
                if (sequence.Reduction.Form == OutputForm.Logits)
                {
                    _whole.Add(output);
                    continue;
                }

                int position = sequence.StartPosition + plan.OutputRows[output] - sequence.FirstRow;
                Find(ReductionKind.Of(sequence.Reduction)).Add(output, sequence.Reduction, i, sequence.Tokens.Span[..(position + 1)]);
            }
        }

        foreach (ReductionGroup group in Current)
            group.IsWhole = group.RowCount == _outputCount;
    }

    /// <summary>Most integers that <see cref="Write"/> stages.</summary>
    public int IntegerCount => _whole.Count + Current.Sum(static group => group.IntegerCount);

    /// <summary>Most numbers that <see cref="Write"/> stages.</summary>
    public int NumberCount => Current.Sum(static group => group.NumberCount);

    /// <summary>Stages what the device needs to know.</summary>
    public void Write(Staging<long> integers, Staging<double> numbers)
    {
        _wholePlace = integers.Count;
        if (Current.Count > 0)
            _whole.ForEach(output => integers.Add(output));
        foreach (ReductionGroup group in Current)
            group.Write(integers, numbers);
    }

    /// <summary>Finds it again in what was sent.</summary>
    public void Slice(Tensor integers, Tensor? numbers)
    {
        WholeRows = _whole.Count > 0 && Current.Count > 0 ? integers.narrow(0, _wholePlace, _whole.Count) : null;
        foreach (ReductionGroup group in Current)
            group.Slice(integers, numbers);
    }

    private ReductionGroup Find(ReductionKind kind)
    {
        foreach (ReductionGroup group in Current)
        {
            if (group.Kind == kind && group.RowCount < kind.MostRows)
                return group;
        }

        if (_all.Count == Current.Count)
            _all.Add(new ReductionGroup());
        ReductionGroup fresh = _all[Current.Count];
        fresh.Begin(kind);
        Current.Add(fresh);
        return fresh;
    }
}
