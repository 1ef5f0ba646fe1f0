namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>Which side of a cut a match falls on.</summary>
internal enum SplitBehavior
{
    Removed,
    Isolated,
    MergedWithPrevious,
    MergedWithNext,
    Contiguous,
}

/// <summary>Cuts text at the matches of a pattern (the <c>Split</c> pre-tokenizer).</summary>
/// <param name="pattern">What to cut at.</param>
/// <param name="behavior">What becomes of the matches.</param>
/// <param name="invert">The text between matches plays the matches' part, and the other way round.</param>
internal sealed class SplitPreTokenizer(ITextPattern pattern, SplitBehavior behavior, bool invert) : IPreTokenizer
{
    // A pattern that matches everything is cut the same way whether matches are isolated or all else is removed.
    public string Signature => behavior == SplitBehavior.Isolated || (pattern is WordPattern && behavior == SplitBehavior.Removed && invert)
        ? $"split({pattern.Signature})"
        : $"split({pattern.Signature},{behavior},{invert})";

    public void Split(TextSegment segment, List<TextSegment> words)
    {
        ReadOnlySpan<char> text = segment.Span;
        var cut = new Cut(segment, behavior, words);
        int position = 0;
        while (position < text.Length && pattern.TryFind(text, position, out int start, out int length))
        {
            if (start > position)
                cut.Add(position, start - position, isMatch: invert);
            cut.Add(start, length, isMatch: !invert);
            position = start + length;
        }

        if (position < text.Length)
            cut.Add(position, text.Length - position, isMatch: invert);
        cut.Finish();
    }

    /// <summary>Collects the parts of one segment; holds one back where the next may have to join it.</summary>
    private ref struct Cut(TextSegment segment, SplitBehavior behavior, List<TextSegment> words)
    {
        private int _heldStart;
        private int _heldLength;
        private bool _heldIsMatch;

        public void Add(int start, int length, bool isMatch)
        {
            if (behavior == SplitBehavior.Removed && isMatch)
            {
                Finish();
                return;
            }

            bool joins = _heldLength > 0 && behavior switch
            {
                SplitBehavior.MergedWithPrevious => isMatch && !_heldIsMatch,
                SplitBehavior.MergedWithNext => !isMatch && _heldIsMatch,
                SplitBehavior.Contiguous => isMatch == _heldIsMatch,
                _ => false,
            };
            if (!joins)
            {
                Finish();
                _heldStart = start;
            }

            _heldLength += length;
            _heldIsMatch = isMatch;
        }

        public void Finish()
        {
            if (_heldLength > 0)
                words.Add(segment.Part(_heldStart, _heldLength));
            _heldLength = 0;
        }
    }
}
