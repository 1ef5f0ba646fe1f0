using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Backends;

/// <summary>
/// One forward pass over the pending rows of several sequences (a ragged batch). Built afresh before each step in buffers that
/// are reused; a backend must not keep references past <see cref="IInferenceBackend.Run"/>.
/// </summary>
public sealed class StepPlan
{
    private int[] _tokenIds;
    private PlanSequence[] _sequences;
    private int[] _blockTable;
    private int[] _outputRows;
    private int _tokenCount;
    private int _sequenceCount;
    private int _blockTableLength;
    private int _outputCount;

    /// <summary>Creates an empty plan whose buffers start at the given sizes and grow when needed.</summary>
    public StepPlan(int rowCapacity = 64, int sequenceCapacity = 16)
    {
        _tokenIds = new int[rowCapacity];
        _sequences = new PlanSequence[sequenceCapacity];
        _blockTable = new int[rowCapacity];
        _outputRows = new int[sequenceCapacity];
    }

    /// <summary>Token ids of all rows, the rows of one sequence adjacent and in order. <c>[rows]</c></summary>
    public ReadOnlySpan<int> TokenIds => _tokenIds.AsSpan(0, _tokenCount);

    public ReadOnlySpan<PlanSequence> Sequences => _sequences.AsSpan(0, _sequenceCount);

    /// <summary>
    /// KV block ids of all sequences one after another; a sequence's table covers all its positions up to and including this
    /// step's last row.
    /// </summary>
    public ReadOnlySpan<int> BlockTable => _blockTable.AsSpan(0, _blockTableLength);

    /// <summary>Rows (indexes into <see cref="TokenIds"/>) whose logits and hidden states are wanted, ascending. <c>[outputs]</c></summary>
    public ReadOnlySpan<int> OutputRows => _outputRows.AsSpan(0, _outputCount);

    public void Clear() => _tokenCount = _sequenceCount = _blockTableLength = _outputCount = 0;

    /// <summary>Adds the next rows of one sequence.</summary>
    /// <param name="tokenIds">The new tokens, at positions <paramref name="startPosition"/> and following.</param>
    /// <param name="startPosition">Tokens of the sequence that the KV cache already holds.</param>
    /// <param name="blockTable">Block ids covering positions <c>0 .. startPosition + tokenIds.Length - 1</c>.</param>
    /// <param name="outputOffsets">Offsets into <paramref name="tokenIds"/> of wanted rows, ascending.</param>
    /// <param name="reduction">What becomes of the wanted rows' logits.</param>
    /// <param name="tokens">With a reduction: all tokens of the sequence from position 0 on, which must not change before the step is over.</param>
    public void Add(
        ReadOnlySpan<int> tokenIds,
        int startPosition,
        ReadOnlySpan<int> blockTable,
        ReadOnlySpan<int> outputOffsets,
        OutputReduction reduction = default,
        ReadOnlyMemory<int> tokens = default)
    {
        Reserve(ref _sequences, _sequenceCount + 1);
        Reserve(ref _tokenIds, _tokenCount + tokenIds.Length);
        Reserve(ref _blockTable, _blockTableLength + blockTable.Length);
        Reserve(ref _outputRows, _outputCount + outputOffsets.Length);

        _sequences[_sequenceCount++] = new PlanSequence(
            FirstRow: _tokenCount,
            RowCount: tokenIds.Length,
            StartPosition: startPosition,
            BlockTableOffset: _blockTableLength,
            BlockCount: blockTable.Length,
            FirstOutput: _outputCount,
            OutputCount: outputOffsets.Length,
            Reduction: reduction,
            Tokens: tokens);
        foreach (int offset in outputOffsets)
            _outputRows[_outputCount++] = _tokenCount + offset;
        tokenIds.CopyTo(_tokenIds.AsSpan(_tokenCount));
        _tokenCount += tokenIds.Length;
        blockTable.CopyTo(_blockTable.AsSpan(_blockTableLength));
        _blockTableLength += blockTable.Length;
    }

    private static void Reserve<T>(ref T[] array, int length)
    {
        if (array.Length < length)
            Array.Resize(ref array, Math.Max(length, array.Length * 2));
    }
}

/// <summary>The part of a <see cref="StepPlan"/> that belongs to one sequence.</summary>
/// <param name="FirstRow">Its first row in <see cref="StepPlan.TokenIds"/>.</param>
/// <param name="RowCount">How many rows it has in this step, at least one.</param>
/// <param name="StartPosition">Position of its first row: the tokens that the KV cache already holds.</param>
/// <param name="BlockTableOffset">Start of its block ids in <see cref="StepPlan.BlockTable"/>.</param>
/// <param name="BlockCount">How many block ids it has.</param>
/// <param name="FirstOutput">Its first entry in <see cref="StepPlan.OutputRows"/>.</param>
/// <param name="OutputCount">How many of its rows are wanted; may be zero.</param>
/// <param name="Reduction">What becomes of their logits; its targets are those of these rows.</param>
/// <param name="Tokens">With a reduction: its tokens from position 0 on, up to the step's last row at least.</param>
public readonly record struct PlanSequence(
    int FirstRow,
    int RowCount,
    int StartPosition,
    int BlockTableOffset,
    int BlockCount,
    int FirstOutput,
    int OutputCount,
    OutputReduction Reduction,
    ReadOnlyMemory<int> Tokens);
