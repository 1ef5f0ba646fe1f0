using CoLlm.Inference.Backends;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>The plan of the running step, by row: which sequence a row belongs to and where it stands.</summary>
internal sealed class StepRows(int maxRows)
{
    private readonly int[] _sequence = new int[maxRows];
    private readonly int[] _position = new int[maxRows];

    public StepPlan Plan { get; private set; } = new();

    public int Count { get; private set; }

    public int Position(int row) => _position[row];

    /// <summary>Block ids of the row's sequence.</summary>
    public ReadOnlySpan<int> BlockTable(int row) => BlockTable(Plan.Sequences[_sequence[row]]);

    public ReadOnlySpan<int> BlockTable(in PlanSequence sequence) => Plan.BlockTable.Slice(sequence.BlockTableOffset, sequence.BlockCount);

    public void Assign(StepPlan plan)
    {
        Plan = plan;
        Count = plan.TokenIds.Length;
        ReadOnlySpan<PlanSequence> sequences = plan.Sequences;
        for (int index = 0; index < sequences.Length; index++)
        {
            PlanSequence sequence = sequences[index];
            for (int i = 0; i < sequence.RowCount; i++)
            {
                _sequence[sequence.FirstRow + i] = index;
                _position[sequence.FirstRow + i] = sequence.StartPosition + i;
            }
        }
    }

    /// <summary>The sequence that a row belongs to, as an index into the plan.</summary>
    public int Sequence(int row) => _sequence[row];
}
