namespace CoLlm.Inference.Tokenization;

/// <summary>A stretch of text on its way to the model.</summary>
/// <param name="Source">The string it lies in.</param>
/// <param name="Start">First UTF-16 unit.</param>
/// <param name="Length">UTF-16 units.</param>
/// <param name="OpensText">It begins where the whole text began: what a "first only" prefix asks for.</param>
internal readonly record struct TextSegment(string Source, int Start, int Length, bool OpensText)
{
    public ReadOnlySpan<char> Span => Source.AsSpan(Start, Length);

    public static TextSegment Whole(string text, bool opensText) => new(text, 0, text.Length, opensText);

    /// <summary>The part from <paramref name="offset"/> (counted within this segment).</summary>
    public TextSegment Part(int offset, int length) => new(Source, Start + offset, length, OpensText && offset == 0);

    public override string ToString() => Length == Source.Length ? Source : Source.Substring(Start, Length);
}
