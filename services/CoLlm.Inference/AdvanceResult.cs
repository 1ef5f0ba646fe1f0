using CoLlm.Inference.Sampling;
using CoLlm.Inference.Scheduling;

namespace CoLlm.Inference;

/// <summary>
/// Logits, or what the backend made of them, and final-norm hidden states of the wanted positions, in ascending order. It points into buffers of its session: valid until
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

    /// <summary>What the call asked for; <see cref="OutputReducer"/> gives it, whoever makes it.</summary>
    public OutputReduction Reduction => Checked(0).Reduction;

    /// <summary>True: the backend has made it, and there are no logits.</summary>
    public bool IsReduced => Checked(0).IsReduced;

    /// <summary>Raw logits of one wanted position. <c>[vocabulary]</c></summary>
    /// <exception cref="InvalidOperationException">The backend has reduced them.</exception>
    public ReadOnlySpan<float> Logits(int index = 0) => Whole(index).LogitsOf(index);

    /// <summary>As <see cref="Logits"/>, for callers that cannot hold a span; nothing throws when it is read too late.</summary>
    public ReadOnlyMemory<float> LogitsMemory(int index = 0) => Whole(index).LogitsMemoryOf(index);

    /// <summary>As <see cref="HiddenState"/>, for callers that cannot hold a span; nothing throws when it is read too late.</summary>
    public ReadOnlyMemory<float> HiddenStateMemory(int index = 0) => Checked(index).HiddenStateMemoryOf(index);

    /// <summary>Hidden state after the final norm of one wanted position. <c>[hidden]</c></summary>
    public ReadOnlySpan<float> HiddenState(int index = 0) => Checked(index).HiddenStateOf(index);

    /// <summary>What the backend made of one wanted position's logits.</summary>
    internal ReadOnlySpan<TokenLogProbability> Entries(int index) => Checked(index).EntriesOf(index);

    /// <summary>The session's tokens up to one wanted position, which is the prefix of the token that its logits are about.</summary>
    internal ReadOnlySpan<int> Prefix(int index) => _session!.TokensMemory.Span[..(Checked(index).Wanted[index] + 1)];

    private SessionResults Whole(int index)
    {
        SessionResults results = Checked(index);
        return results.IsReduced ? throw new InvalidOperationException("The backend has reduced the logits; only the reduction is there.") : results;
    }

    private SessionResults Checked(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _session!.Generation == _generation
            ? _session.Results
            : throw new InvalidOperationException("The result was read after its session's next call.");
    }
}
