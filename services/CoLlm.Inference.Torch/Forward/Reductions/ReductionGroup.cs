using System.Runtime.InteropServices;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Sampling;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward.Reductions;

/// <summary>
/// Wanted rows of a step whose logits are reduced by one series of calls, whatever their temperatures, bounds and seeds. The object and its
/// lists are reused from step to step.
/// </summary>
internal sealed class ReductionGroup
{
    private const int ParametersPerRow = 4;

    private readonly List<int> _outputs = [];
    private readonly List<int> _counts = [];
    private readonly List<long> _rowNumbers = [];
    private readonly List<long> _penalisedIndexes = [];
    private readonly List<double> _parameters = [];
    private readonly List<double> _penalties = [];
    private int[] _lastSeen = [];
    private int _penalisedRowCount;
    private (int Outputs, int RowNumbers, int Penalised, int Parameters, int Penalties) _places;

    public ReductionKind Kind { get; private set; }

    public int RowCount => _outputs.Count;

    /// <summary>Entries of each row, those padded included.</summary>
    public int EntryCount { get; private set; }

    /// <summary>Most tokens that count in one of the rows.</summary>
    public int LargestCount { get; private set; }

    /// <summary>True: these are all wanted rows of the step, in order.</summary>
    public bool IsWhole { get; set; }

    /// <summary>Numbers of the rows among the wanted ones; null when <see cref="IsWhole"/>. <c>[rows]</c></summary>
    public Tensor? Rows { get; private set; }

    /// <summary>
    /// The given tokens of <see cref="OutputForm.Score"/>; elsewhere the rank of the last token that counts, zero being the most probable.
    /// <c>[rows, 1]</c>
    /// </summary>
    public Tensor RowNumbers { get; private set; } = null!;

    /// <summary>Places in the group's logits to penalise; null where there are none. <c>[penalised]</c></summary>
    public Tensor? PenalisedIndexes { get; private set; }

    /// <summary>Penalties at those places. <c>[penalised]</c></summary>
    public Tensor? Penalties { get; private set; }

    /// <summary>Temperatures, least shares of the largest weight, nucleus masses and uniform numbers. <c>[4, rows, 1]</c></summary>
    public Tensor? Parameters { get; private set; }

    /// <summary>Most integers that <see cref="Write"/> stages.</summary>
    public int IntegerCount => (2 * _outputs.Count) + _penalisedIndexes.Count;

    /// <summary>Most numbers that <see cref="Write"/> stages.</summary>
    public int NumberCount => _parameters.Count + _penalties.Count;

    public void Begin(ReductionKind kind)
    {
        Kind = kind;
        EntryCount = LargestCount = 0;
        foreach (List<int> list in (ReadOnlySpan<List<int>>)[_outputs, _counts])
            list.Clear();
        foreach (List<long> list in (ReadOnlySpan<List<long>>)[_rowNumbers, _penalisedIndexes])
            list.Clear();
        foreach (List<double> list in (ReadOnlySpan<List<double>>)[_parameters, _penalties])
            list.Clear();
    }

    /// <summary>Adds a wanted row.</summary>
    /// <param name="output">Its number among the wanted ones.</param>
    /// <param name="reduction">What to make of it.</param>
    /// <param name="index">Which of its sequence's wanted rows it is.</param>
    /// <param name="prefix">The tokens before the one that it is about.</param>
    public void Add(int output, in OutputReduction reduction, int index, ReadOnlySpan<int> prefix)
    {
        int count = Kind.Order == DrawOrder.HeaviestFew ? reduction.Sampling!.TopK : Math.Max(1, reduction.Count);
        LargestCount = Math.Max(LargestCount, count);
        EntryCount = Math.Max(EntryCount, reduction.EntryCount);
        if (reduction.Sampling is { RepetitionPenalty: not 1f } penalising)
            AddPenalties(penalising.RepetitionPenalty, prefix);
        if (reduction.Sampling is { IsGreedy: false } sampling)
        {
            double uniform = CounterRandom.Uniform(sampling.Seed, prefix.Length);
            _parameters.AddRange([sampling.Temperature, sampling.MinP, sampling.TopP, uniform]);
        }

        _outputs.Add(output);
        _counts.Add(reduction.EntryCount);
        _rowNumbers.Add(reduction.Form == OutputForm.Score ? reduction.Targets.Span[index] : count - 1);
    }

    /// <summary>Stages what the device needs to know.</summary>
    public void Write(Staging<long> integers, Staging<double> numbers)
    {
        _places.Outputs = integers.Count;
        for (int i = 0; !IsWhole && i < _outputs.Count; i++)
            integers.Add(_outputs[i]);
        _places.RowNumbers = integers.Add(CollectionsMarshal.AsSpan(_rowNumbers));
        _places.Penalised = integers.Add(CollectionsMarshal.AsSpan(_penalisedIndexes));
        _places.Parameters = numbers.Count;
        for (int parameter = 0; parameter < ParametersPerRow; parameter++)
        {
            for (int i = parameter; i < _parameters.Count; i += ParametersPerRow)
                numbers.Add(_parameters[i]);
        }

        _places.Penalties = numbers.Add(CollectionsMarshal.AsSpan(_penalties));
    }

    /// <summary>Finds it again in what was sent. The tensors belong to the current dispose scope.</summary>
    public void Slice(Tensor integers, Tensor? numbers)
    {
        int rows = _outputs.Count;
        Rows = IsWhole ? null : integers.narrow(0, _places.Outputs, rows);
        RowNumbers = integers.narrow(0, _places.RowNumbers, rows).view(rows, 1);
        bool isPenalised = _penalties.Count > 0;
        PenalisedIndexes = isPenalised ? integers.narrow(0, _places.Penalised, _penalties.Count) : null;
        Penalties = isPenalised ? numbers!.narrow(0, _places.Penalties, _penalties.Count) : null;
        Parameters = _parameters.Count > 0 ? numbers!.narrow(0, _places.Parameters, _parameters.Count).view(ParametersPerRow, rows, 1) : null;
    }

    /// <summary>Hands out what the device has made.</summary>
    /// <param name="values">Ids, then log-probabilities. <c>[rows, 2 * entries]</c></param>
    /// <param name="output">Has room for it.</param>
    public void Read(ReadOnlySpan<float> values, StepOutput output)
    {
        for (int row = 0; row < _outputs.Count; row++)
        {
            ReadOnlySpan<float> ids = values.Slice(2 * row * EntryCount, EntryCount);
            ReadOnlySpan<float> logProbabilities = values.Slice(((2 * row) + 1) * EntryCount, EntryCount);
            Span<TokenLogProbability> entries = output.Entries(_outputs[row])[.._counts[row]];
            for (int i = 0; i < entries.Length; i++)
                entries[i] = new TokenLogProbability((int)ids[i], logProbabilities[i]);

            // The device orders by logit and leaves equal ones in any order.
            if (Kind.Form == OutputForm.TopK)
                entries.Sort(static (one, other) => (-one.LogProbability, one.TokenId).CompareTo((-other.LogProbability, other.TokenId)));
        }
    }

    /// <summary>A token that is there several times is named once, so a row names no more tokens than the vocabulary has.</summary>
    private void AddPenalties(float penalty, ReadOnlySpan<int> prefix)
    {
        if (_lastSeen.Length < Kind.VocabularySize)
            _lastSeen = new int[Kind.VocabularySize];
        _penalisedRowCount++;
        long start = (long)_outputs.Count * Kind.VocabularySize;
        foreach (int id in prefix)
        {
            if ((uint)id >= (uint)Kind.VocabularySize || _lastSeen[id] == _penalisedRowCount)
                continue;
            _lastSeen[id] = _penalisedRowCount;
            _penalisedIndexes.Add(start + id);
            _penalties.Add(penalty);
        }
    }
}
