using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Torch.Forward.Reductions;

/// <summary>What must be known of the order of the weights to draw a token.</summary>
internal enum DrawOrder
{
    /// <summary>The largest: nothing is drawn.</summary>
    Largest,

    /// <summary>None: all tokens, or those above a share of the largest.</summary>
    None,

    /// <summary>The first few: top-k, with or without other cuts.</summary>
    HeaviestFew,

    /// <summary>All: a nucleus.</summary>
    All,
}

/// <summary>What rows have in common that are reduced by one series of calls.</summary>
internal readonly record struct ReductionKind(OutputForm Form, DrawOrder Order, int VocabularySize)
{
    // Until it is over a series keeps some thirty bytes for each logit where it finds the largest, up to a hundred and thirty where it draws.
    private const int MostLogits = 1 << 22;
    private const int MostDrawnLogits = 1 << 20;

    /// <summary>Rows that one series may take, so that its intermediate results stay below two hundred megabytes.</summary>
    public int MostRows => Math.Max(1, (Order == DrawOrder.Largest && Form != OutputForm.TopK ? MostLogits : MostDrawnLogits) / VocabularySize);

    public static ReductionKind Of(in OutputReduction reduction) =>
        new(reduction.Form, OrderOf(reduction.Sampling, reduction.VocabularySize), reduction.VocabularySize);

    private static DrawOrder OrderOf(SamplingParameters? sampling, int vocabularySize) => sampling switch
    {
        null or { IsGreedy: true } => DrawOrder.Largest,
        { TopK: > 0 } when sampling.TopK < vocabularySize => DrawOrder.HeaviestFew,
        { TopP: < 1f } => DrawOrder.All,
        _ => DrawOrder.None,
    };
}
