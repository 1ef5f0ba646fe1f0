using CoLlm.Inference.Tokenization.Regexes;

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
        RegexMemory? memory = pattern.Remember(text.Length);
        var cut = new Cut(segment, behavior, words);
        (int position, int end) = (0, -1);
        while (position <= text.Length && pattern.TryFind(text, position, memory, out int start, out int length))
        {
            // An empty match that touches the match before it is none.
            if (length == 0 && start == end)
            {
                position = position < text.Length ? RegexMatcher.Next(text, position) : position + 1;
                continue;
            }

            int previous = Math.Max(end, 0);
            if (start > previous)
                cut.Add(previous, start, isMatch: invert);
            cut.Add(start, start + length, isMatch: !invert);
            position = end = start + length;
        }

        if (end < text.Length)
            cut.Add(Math.Max(end, 0), text.Length, isMatch: invert);
        cut.Finish();
        memory?.Release();
    }

    /// <summary>Collects the parts of one segment; holds one back where the next may have to join it. An empty match parts, too.</summary>
    private ref struct Cut(TextSegment segment, SplitBehavior behavior, List<TextSegment> words)
    {
        private int _start;
        private int _end;
        private bool _isHeld;
        private bool _isHeldMatch;

        public void Add(int start, int end, bool isMatch)
        {
            if (behavior == SplitBehavior.Removed && isMatch)
            {
                Finish();
                return;
            }

            bool joins = _isHeld && behavior switch
            {
                SplitBehavior.MergedWithPrevious => isMatch && !_isHeldMatch,
                SplitBehavior.MergedWithNext => !isMatch && _isHeldMatch,
                SplitBehavior.Contiguous => isMatch == _isHeldMatch,
                _ => false,
            };
            if (!joins)
            {
                Finish();
                _start = start;
            }

            (_end, _isHeld, _isHeldMatch) = (end, true, isMatch);
        }

        public void Finish()
        {
            if (_isHeld && _end > _start)
                words.Add(segment.Part(_start, _end - _start));
            _isHeld = false;
        }
    }
}
