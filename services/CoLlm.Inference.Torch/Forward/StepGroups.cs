using System.Numerics;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// Sorts a step's sequences into attention groups: those with rows up to the same power of two and contexts up to the same power of
/// four share a call, so that padding stays bounded and the calls stay few.
/// </summary>
internal sealed class StepGroups(ModelConfig config, int blockSize)
{
    private const int ShortContextTokens = 1024;

    private readonly List<AttentionGroup> _all = [];
    private readonly List<AttentionGroup> _current = [];

    /// <summary>The groups of the step that <see cref="Build"/> was last given.</summary>
    public List<AttentionGroup> Current => _current;

    public void Build(StepPlan plan)
    {
        _current.Clear();
        for (int i = 0; i < plan.Sequences.Length; i++)
        {
            PlanSequence sequence = plan.Sequences[i];
            int blocks = LastBlock(sequence) + 1 - FirstBlock(sequence);
            AttentionGroup group = Find((BitOperations.Log2((uint)(sequence.RowCount - 1) | 0) + (sequence.RowCount > 1 ? 1 : 0), ContextKind(blocks)));
            group.Sequences.Add(i);
            group.Rows = Math.Max(group.Rows, sequence.RowCount);
            group.Blocks = Math.Max(group.Blocks, blocks);
        }

        foreach (AttentionGroup group in _current)
            Finish(group, plan);
    }

    /// <summary>First block that a row of the sequence still sees.</summary>
    public int FirstBlock(in PlanSequence sequence) =>
        config.SlidingWindow is { } window ? Math.Max(0, sequence.StartPosition - window + 1) / blockSize : 0;

    /// <summary>The block of the sequence's last row.</summary>
    public int LastBlock(in PlanSequence sequence) => (sequence.StartPosition + sequence.RowCount - 1) / blockSize;

    private int ContextKind(int blocks)
    {
        long tokens = (long)blocks * blockSize;
        int kind = 0;
        for (long bound = ShortContextTokens; tokens > bound; bound *= 4)
            kind++;
        return kind;
    }

    private AttentionGroup Find((int Rows, int Context) kind)
    {
        foreach (AttentionGroup group in _current)
        {
            if (group.Kind == kind)
                return group;
        }

        if (_all.Count == _current.Count)
            _all.Add(new AttentionGroup());
        AttentionGroup fresh = _all[_current.Count];
        fresh.Sequences.Clear();
        fresh.Kind = kind;
        fresh.Rows = fresh.Blocks = 0;
        _current.Add(fresh);
        return fresh;
    }

    private void Finish(AttentionGroup group, StepPlan plan)
    {
        group.IsWhole = _current.Count == 1 && group.Batch * group.Rows == plan.TokenIds.Length;
        group.FirstOfRun = -1;
        group.ExactSpan = null;
        if (group.Batch == 1)
        {
            PlanSequence sequence = plan.Sequences[group.Sequences[0]];
            ReadOnlySpan<int> blocks = plan.BlockTable.Slice(sequence.BlockTableOffset + FirstBlock(sequence), group.Blocks);
            group.FirstOfRun = IsRun(blocks) ? blocks[0] : -1;
            if (group.Rows == 1)
            {
                int last = sequence.StartPosition - (FirstBlock(sequence) * blockSize);
                int from = config.SlidingWindow is { } window ? Math.Max(0, last - window + 1) : 0;
                group.ExactSpan = (from, last + 1 - from);
            }
        }

        group.SetShapes(config, blockSize);
    }

    private static bool IsRun(ReadOnlySpan<int> blocks)
    {
        for (int i = 1; i < blocks.Length; i++)
        {
            if (blocks[i] != blocks[i - 1] + 1)
                return false;
        }

        return true;
    }
}
