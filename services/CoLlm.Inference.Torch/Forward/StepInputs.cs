using CoLlm.Inference.Backends;
using CoLlm.Inference.Models;
using CoLlm.Inference.Torch.Devices;
using CoLlm.Inference.Torch.Forward.Reductions;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// Everything a step's computation needs to know of its plan, packed into one array of integers that goes to the device in one copy; a step
/// that samples sends temperatures and the like in a second.
/// </summary>
internal sealed unsafe class StepInputs(ModelConfig config, TorchDevice device, int blockSize) : IDisposable
{
    private readonly StepGroups _groups = new(config, blockSize);
    private readonly Staging<long> _integers = new(ScalarType.Int64, device);
    private readonly Staging<double> _numbers = new(ScalarType.Float64, device);

    public List<AttentionGroup> Groups => _groups.Current;

    /// <summary>What becomes of the wanted rows' logits.</summary>
    public ReductionGroups Reductions { get; } = new();

    /// <summary><c>[rows]</c></summary>
    public Tensor TokenIds { get; private set; } = null!;

    /// <summary><c>[rows]</c></summary>
    public Tensor Positions { get; private set; } = null!;

    /// <summary>Cache slot of every row: its block times the block size plus its place there. <c>[rows]</c></summary>
    public Tensor Slots { get; private set; } = null!;

    /// <summary><c>[outputs]</c></summary>
    public Tensor OutputRows { get; private set; } = null!;

    /// <summary>For each group, how far each of its rows sees, counted from its first gathered key. <c>[batch * rows]</c></summary>
    public List<Tensor> Limits { get; } = [];

    /// <summary>Packs a plan and sends it off. The tensors belong to the current dispose scope.</summary>
    public void Load(StepPlan plan)
    {
        _groups.Build(plan);
        Reductions.Build(plan);
        int rows = plan.TokenIds.Length;
        Reserve(plan, rows);
        int slots = WriteRows(plan, rows);
        int outputs = Write(plan.OutputRows);
        Span<(int Rows, int Blocks, int Limits)> places = stackalloc (int, int, int)[Groups.Count];
        for (int i = 0; i < places.Length; i++)
            places[i] = WriteGroup(Groups[i], plan);
        Reductions.Write(_integers, _numbers);

        Tensor sent = _integers.Send();
        Reductions.Slice(sent, _numbers.Count > 0 ? _numbers.Send() : null);
        TokenIds = sent.narrow(0, 0, rows);
        Positions = sent.narrow(0, rows, rows);
        Slots = sent.narrow(0, slots, rows);
        OutputRows = sent.narrow(0, outputs, plan.OutputRows.Length);
        Limits.Clear();
        for (int i = 0; i < places.Length; i++)
        {
            AttentionGroup group = Groups[i];
            long queryRows = (long)group.Batch * group.Rows;
            group.RowIndex = group.IsWhole ? null : sent.narrow(0, places[i].Rows, queryRows);
            group.BlockIndex = group.FirstOfRun >= 0 ? null : sent.narrow(0, places[i].Blocks, (long)group.Batch * group.Blocks);
            Limits.Add(sent.narrow(0, places[i].Limits, queryRows));
        }
    }

    /// <summary>The slot that <see cref="Load"/> packed for a row.</summary>
    public long SlotOf(int row, int rowCount) => _integers.Values[(2 * rowCount) + row];

    public void Dispose()
    {
        _integers.Dispose();
        _numbers.Dispose();
    }

    /// <summary>Token ids, positions and slots.</summary>
    private int WriteRows(StepPlan plan, int rows)
    {
        long* values = _integers.Values;
        Write(plan.TokenIds);
        foreach (PlanSequence sequence in plan.Sequences)
        {
            for (int i = 0; i < sequence.RowCount; i++)
            {
                int position = sequence.StartPosition + i;
                values[rows + sequence.FirstRow + i] = position;
                long block = plan.BlockTable[sequence.BlockTableOffset + (position / blockSize)];
                values[(2 * rows) + sequence.FirstRow + i] = (block * blockSize) + (position % blockSize);
            }
        }

        _integers.Count = 3 * rows;
        return 2 * rows;
    }

    private int Write(ReadOnlySpan<int> values)
    {
        int start = _integers.Count;
        foreach (int value in values)
            _integers.Add(value);
        return start;
    }

    private (int Rows, int Blocks, int Limits) WriteGroup(AttentionGroup group, StepPlan plan)
    {
        int rows = _integers.Count;
        foreach (int index in group.Sequences)
        {
            PlanSequence sequence = plan.Sequences[index];
            for (int r = 0; r < group.Rows; r++)
                _integers.Add(sequence.FirstRow + Math.Min(r, sequence.RowCount - 1));
        }

        int blocks = _integers.Count;
        foreach (int index in group.Sequences)
        {
            PlanSequence sequence = plan.Sequences[index];
            int first = _groups.FirstBlock(sequence);
            int last = _groups.LastBlock(sequence);
            for (int b = 0; b < group.Blocks; b++)
                _integers.Add(plan.BlockTable[sequence.BlockTableOffset + Math.Min(first + b, last)]);
        }

        int limits = _integers.Count;
        foreach (int index in group.Sequences)
        {
            PlanSequence sequence = plan.Sequences[index];
            int first = _groups.FirstBlock(sequence) * blockSize;
            for (int r = 0; r < group.Rows; r++)
                _integers.Add(sequence.StartPosition + Math.Min(r, sequence.RowCount - 1) - first);
        }

        return (rows, blocks, limits);
    }

    private void Reserve(StepPlan plan, int rows)
    {
        int needed = (3 * rows) + plan.OutputRows.Length + Reductions.IntegerCount;
        foreach (AttentionGroup group in Groups)
            needed = checked(needed + (group.Batch * ((2 * group.Rows) + group.Blocks)));
        _integers.Begin(needed);
        _numbers.Begin(Reductions.NumberCount);
    }
}
