namespace CoLlm.Decoding.Deferral;

/// <summary>Why a position went to the base or to an expert.</summary>
public enum DeferralReason
{
    /// <summary>Deferral probability at or below the threshold.</summary>
    BelowThreshold,

    /// <summary>Deferral probability above the threshold.</summary>
    AboveThreshold,

    /// <summary>An expert was wanted, but the request's budget of deferrals is spent.</summary>
    BudgetSpent,

    /// <summary>The mode leaves no choice.</summary>
    Fixed,

    /// <summary>A draw at a fixed rate.</summary>
    Random,

    /// <summary>One model was more sure of its token than the other.</summary>
    MoreConfident,
}

/// <summary>A policy's answer for one position.</summary>
/// <param name="ExpertIndex">The expert that writes, or null: the base does.</param>
/// <param name="Reason">Why.</param>
/// <param name="Threshold">The cut that applied at this position, where there was one.</param>
public readonly record struct DeferralDecision(int? ExpertIndex, DeferralReason Reason, float? Threshold = null)
{
    public bool IsDeferred => ExpertIndex is not null;
}

/// <summary>What a policy may look at.</summary>
/// <param name="Step">How many tokens of the answer are written: zero at the first.</param>
/// <param name="Position">Index of the next token in the sequence.</param>
/// <param name="DeferralProbability">The swap head's probability that an expert should write; zero without swap head.</param>
/// <param name="ExpertIndex">The expert it prefers.</param>
/// <param name="DeferralCount">Tokens of the answer that experts have written.</param>
public readonly record struct DeferralInput(int Step, int Position, float DeferralProbability, int ExpertIndex, int DeferralCount);
