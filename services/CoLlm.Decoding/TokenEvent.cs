using CoLlm.Decoding.Deferral;

namespace CoLlm.Decoding;

/// <summary>Who wrote a token.</summary>
public enum TokenOrigin
{
    Base,
    Expert,

    /// <summary>Drawn from the mixture of base and experts.</summary>
    Composed,
}

/// <summary>One token of the answer, with its provenance.</summary>
public readonly record struct TokenEvent
{
    public required int TokenId { get; init; }

    /// <summary>What it adds to the answer; empty for tokens that are not text or complete no character.</summary>
    public string Text { get; init; }

    /// <summary>Index in the whole sequence: the first token written has the prompt's length.</summary>
    public required int Position { get; init; }

    public required TokenOrigin Origin { get; init; }

    /// <summary>Which of the request's experts wrote it; zero where none did.</summary>
    public int ExpertIndex { get; init; }

    /// <summary>Null without swap head, and where the base was not run.</summary>
    public float? DeferralProbability { get; init; }

    /// <summary>The writing model's own, over the usable vocabulary.</summary>
    public required float LogProbability { get; init; }

    public required DeferralReason Reason { get; init; }

    /// <summary>A place to double-check: base and expert would have written different tokens, or the chooser was unsure.</summary>
    public bool IsContested { get; init; }

    /// <summary>Whether the base's first choice was the token that an expert wrote; null where no expert wrote, or the base was not run.</summary>
    public bool? AgreesWithBase { get; init; }

    /// <summary>Deferred, but written by the base because no expert answered.</summary>
    public bool IsFallback { get; init; }
}

/// <summary>Where an answer's tokens go.</summary>
public interface ITokenSink
{
    /// <summary>Takes the next token; decoding goes on once it has.</summary>
    ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken);
}
