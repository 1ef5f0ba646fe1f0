namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>When a <see cref="MetaspacePreTokenizer"/> puts its mark before the text.</summary>
internal enum PrependScheme
{
    Never,

    /// <summary>Only where the whole text begins.</summary>
    First,

    /// <summary>After every added token, too.</summary>
    Always,
}

/// <summary>Writes spaces as a visible mark, puts one before the text unless there is one, and optionally cuts before each mark.</summary>
internal sealed class MetaspacePreTokenizer(char mark, PrependScheme prepend, bool split) : IPreTokenizer
{
    private readonly SplitPreTokenizer? _split =
        split ? new SplitPreTokenizer(new LiteralPattern(mark.ToString()), SplitBehavior.MergedWithNext, invert: false) : null;

    public string Signature => $"metaspace({mark},{prepend},{(split ? "split" : "whole")})";

    public void Split(TextSegment segment, List<TextSegment> words)
    {
        string text = segment.ToString().Replace(' ', mark);
        bool prepends = prepend == PrependScheme.Always || (prepend == PrependScheme.First && segment.OpensText);
        if (prepends && text[0] != mark)
            text = mark + text;
        TextSegment marked = TextSegment.Whole(text, segment.OpensText);
        if (_split is null)
            words.Add(marked);
        else
            _split.Split(marked, words);
    }
}
