namespace CoLlm.Training.Tokenization;

/// <summary>What a byte-level BPE tokenizer is trained to.</summary>
public sealed record TokenizerTrainingOptions
{
    /// <summary>Ids in all: 256 bytes, merges, special tokens.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Tokens that stand for themselves and that no text merges into; they get the last ids, in this order.</summary>
    public required IReadOnlyList<string> SpecialTokens { get; init; }

    /// <summary>One of <see cref="SpecialTokens"/> that begins every text; null for none.</summary>
    public string? BeginOfText { get; init; }

    /// <summary>One of <see cref="SpecialTokens"/> that ends an answer; null for none.</summary>
    public string? EndOfText { get; init; }

    /// <summary>Jinja source that turns conversations into text; null for none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Pairs seen less often are never merged.</summary>
    /// <value>2</value>
    public int MinPairCount { get; init; } = 2;

    /// <exception cref="TrainingException">One sentence about what is wrong.</exception>
    public void Validate()
    {
        if (VocabularySize < ByteAlphabet.Size + SpecialTokens.Count || VocabularySize > 1 << 20)
        {
            throw new TrainingException(
                $"A vocabulary has {ByteAlphabet.Size} bytes and its special tokens, and at most 1048576 ids; {VocabularySize} are asked for.");
        }

        if (SpecialTokens.Any(string.IsNullOrEmpty) || SpecialTokens.Distinct(StringComparer.Ordinal).Count() != SpecialTokens.Count)
            throw new TrainingException("A special token is empty or named twice.");
        foreach (string? role in new[] { BeginOfText, EndOfText })
        {
            if (role is not null && !SpecialTokens.Contains(role))
                throw new TrainingException($"'{role}' is not among the special tokens.");
        }
    }
}
