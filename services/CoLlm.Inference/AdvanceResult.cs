using CoLlm.Inference.Scheduling;

namespace CoLlm.Inference;

/// <summary>
/// Logits and final-norm hidden states of the wanted positions, in ascending order. It points into buffers of its session: valid until
/// the session's next call, and reading it later throws.
/// </summary>
public readonly struct AdvanceResult
{
    private readonly SessionState? _session;
    private readonly int _generation;

    internal AdvanceResult(SessionState session, int generation, int count)
    {
        _session = session;
        _generation = generation;
        Count = count;
    }

    /// <summary>How many positions came back.</summary>
    public int Count { get; }

    /// <summary>The position in the session that entry <paramref name="index"/> belongs to.</summary>
    public int Position(int index) => Checked(index).Wanted[index];

    /// <summary>Raw logits of one wanted position. <c>[vocabulary]</c></summary>
    public ReadOnlySpan<float> Logits(int index = 0) => Checked(index).LogitsOf(index);

    /// <summary>As <see cref="Logits"/>, for callers that cannot hold a span; nothing throws when it is read too late.</summary>
    public ReadOnlyMemory<float> LogitsMemory(int index = 0) => Checked(index).LogitsMemoryOf(index);

    /// <summary>As <see cref="HiddenState"/>, for callers that cannot hold a span; nothing throws when it is read too late.</summary>
    public ReadOnlyMemory<float> HiddenStateMemory(int index = 0) => Checked(index).HiddenStateMemoryOf(index);

    /// <summary>Hidden state after the final norm of one wanted position. <c>[hidden]</c></summary>
    public ReadOnlySpan<float> HiddenState(int index = 0) => Checked(index).HiddenStateOf(index);

    private SessionResults Checked(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _session!.Generation == _generation
            ? _session.Results
            : throw new InvalidOperationException("The result was read after its session's next call.");
    }
}
