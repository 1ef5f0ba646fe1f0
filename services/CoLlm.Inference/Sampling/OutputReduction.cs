namespace CoLlm.Inference.Sampling;

/// <summary>What is made of a row of logits.</summary>
public enum OutputForm
{
    /// <summary>Nothing: the whole row comes back.</summary>
    Logits,

    /// <summary>One token, drawn by <see cref="SamplingParameters"/>, and the most probable one.</summary>
    Token,

    /// <summary>The most probable tokens.</summary>
    TopK,

    /// <summary>A given token, and the most probable one.</summary>
    Score,
}

/// <summary>
/// What a call makes of the logits it wants. A backend that reduces does it where the logits are and brings back a few numbers a row;
/// elsewhere the logits come back and <see cref="OutputReducer"/> makes the same of them. The default value is <see cref="None"/>.
/// </summary>
public readonly record struct OutputReduction
{
    private OutputReduction(OutputForm form, int vocabularySize) => (Form, VocabularySize) = (form, vocabularySize);

    /// <summary>Whole rows of logits.</summary>
    public static OutputReduction None => default;

    public OutputForm Form { get; }

    /// <value>Ids at or above take part in nothing. Zero for <see cref="None"/>.</value>
    public int VocabularySize { get; }

    /// <value>How <see cref="OutputForm.Token"/> draws; null for the others.</value>
    public SamplingParameters? Sampling { get; private init; }

    /// <value>Tokens of <see cref="OutputForm.TopK"/>; zero for the others.</value>
    public int Count { get; private init; }

    /// <value>The given tokens of <see cref="OutputForm.Score"/>, one for each wanted position. <c>[outputs]</c></value>
    public ReadOnlyMemory<int> Targets { get; private init; }

    /// <summary>What a row becomes: so many tokens with their log-probabilities; zero for whole logits.</summary>
    public int EntryCount => Form switch
    {
        OutputForm.Logits => 0,
        OutputForm.TopK => Count,
        _ => 2,
    };

    /// <summary>Draws the token that follows each wanted position; the session's tokens up to it are the prefix.</summary>
    public static OutputReduction Token(SamplingParameters sampling, int vocabularySize) =>
        new(OutputForm.Token, vocabularySize) { Sampling = sampling };

    /// <summary>The <paramref name="count"/> most probable tokens.</summary>
    public static OutputReduction TopK(int count, int vocabularySize) => new(OutputForm.TopK, vocabularySize) { Count = count };

    /// <summary>Scores given tokens.</summary>
    /// <param name="targets">One for each wanted position; must not change before the call is answered.</param>
    /// <param name="vocabularySize">Ids at or above take no part.</param>
    public static OutputReduction Score(ReadOnlyMemory<int> targets, int vocabularySize) =>
        new(OutputForm.Score, vocabularySize) { Targets = targets };

    /// <summary>The same for <paramref name="count"/> of the wanted positions, <paramref name="first"/> being the first of them.</summary>
    internal OutputReduction Part(int first, int count) =>
        Form == OutputForm.Score ? this with { Targets = Targets.Slice(first, count) } : this;

    /// <summary>One sentence about what cannot be done with so many wanted rows of a model, or null.</summary>
    internal string? FindProblem(int modelVocabularySize, int positionCount)
    {
        if (Form == OutputForm.Logits)
            return null;
        if (VocabularySize < 1 || VocabularySize > modelVocabularySize)
            return $"The call reduces over {VocabularySize} ids; the model has {modelVocabularySize}.";
        if (Form == OutputForm.TopK && (Count < 1 || Count > VocabularySize))
            return $"The call asks for the {Count} most probable tokens of {VocabularySize}.";
        return Form == OutputForm.Score ? FindTargetProblem(positionCount) : null;
    }

    private string? FindTargetProblem(int positionCount)
    {
        if (Targets.Length != positionCount)
            return $"The call scores {Targets.Length} tokens at {positionCount} positions.";
        foreach (int target in Targets.Span)
        {
            if ((uint)target >= (uint)VocabularySize)
                return $"The call scores token {target}, outside the {VocabularySize} ids it reduces over.";
        }

        return null;
    }
}

/// <summary>A token and the natural logarithm of its probability under the model's own distribution over the usable vocabulary.</summary>
public readonly record struct TokenLogProbability(int TokenId, float LogProbability);
