namespace CoLlm.Inference;

/// <summary>
/// The positions whose logits and hidden states a call returns; position t's logits are about the token at t + 1. The default value
/// is <see cref="Last"/>.
/// </summary>
public readonly struct WantedPositions
{
    internal enum Choice
    {
        Last,
        None,
        New,
        Listed,
    }

    private WantedPositions(Choice kind, ReadOnlyMemory<int> positions = default)
    {
        Kind = kind;
        Listed = positions;
    }

    /// <summary>The session's last position alone: a decode step.</summary>
    public static WantedPositions Last => default;

    /// <summary>None: the call completes when keys and values are in the cache.</summary>
    public static WantedPositions None => new(Choice.None);

    /// <summary>Every position of the tokens given in the same call.</summary>
    public static WantedPositions New => new(Choice.New);

    internal Choice Kind { get; }

    internal ReadOnlyMemory<int> Listed { get; }

    /// <summary>
    /// These positions of the session, strictly ascending. A position that was already computed costs computing again from there on;
    /// the result is the same, bit for bit on backends that promise it.
    /// </summary>
    public static WantedPositions At(ReadOnlyMemory<int> positions) => new(Choice.Listed, positions);
}
