using System.Text;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>
/// Breaks lines that are longer than a width, in the places where Python's <c>textwrap</c> breaks them. One paragraph at a time,
/// as code points.
/// </summary>
internal sealed class WordWrap
{
    private readonly int[] _text;
    private readonly long _width;
    private readonly bool _breaksWords;
    private readonly bool _breaksAtHyphens;
    private readonly List<string> _lines = [];

    private WordWrap(string paragraph, long width, bool breaksWords, bool breaksAtHyphens)
    {
        _text = [.. paragraph.EnumerateRunes().Select(rune => rune.Value)];
        _width = width;
        _breaksWords = breaksWords;
        _breaksAtHyphens = breaksAtHyphens;
    }

    /// <summary>The filter of this name.</summary>
    public static object? Apply(RenderContext context, object? value, Arguments arguments)
    {
        string text = value as string
            ?? throw (value as UndefinedValue)?.Fault() ?? new TemplateFault($"wordwrap needs a string, not {PythonType.NameOf(value)}");
        long width = arguments.Integer(0, "width", 79);
        bool breaksWords = arguments.Flag(1, "break_long_words", otherwise: true);
        object? given = arguments.Get(2, "wrapstring", null);
        string lineEnd = given is null ? "\n" : given as string ?? throw new TemplateFault("the wrapstring of wordwrap must be a string");
        bool breaksAtHyphens = arguments.Flag(3, "break_on_hyphens", otherwise: true);
        context.Work(2L * text.Length);
        var output = new StringBuilder();
        string separator = string.Empty;
        foreach (string paragraph in StringMethods.SplitLines(text, keepsEnds: false).Items.Cast<string>())
        {
            if (width <= 0)
                throw new TemplateFault($"invalid width {width} (must be > 0)");
            var lines = new WordWrap(paragraph, width, breaksWords, breaksAtHyphens);
            lines.Break();
            long length = output.Length + paragraph.Length + ((long)lineEnd.Length * (lines._lines.Count + 1));
            context.CheckSize(length);
            output.Append(separator).AppendJoin(lineEnd, lines._lines);
            separator = lineEnd;
        }

        context.Work(output.Length);
        return output.ToString();
    }

    private void Break()
    {
        int start = 0;
        int end = 0;
        while (start < _text.Length)
        {
            end = end > start ? end : EndOfChunk(start);
            if (_lines.Count > 0 && IsBlank(start, end))
                start = end;
            int from = start;
            int lastChunk = start;
            while (start < _text.Length && (end > start ? end : end = EndOfChunk(start)) - from <= _width)
                (lastChunk, start) = (start, end);
            if (start < _text.Length && end - start > _width)
                lastChunk = BreakLong(from, lastChunk, ref start, end);
            AddLine(from, lastChunk, start);
        }
    }

    /// <summary>A chunk that no line is wide enough for is cut where the line is full, or gets a line of its own.</summary>
    private int BreakLong(int from, int lastChunk, ref int start, int end)
    {
        int chunk = start;
        if (_breaksWords)
        {
            int cut = (int)(from + _width);
            int hyphen = _breaksAtHyphens ? Array.LastIndexOf(_text, '-', cut - 1, cut - chunk) : -1;
            bool hasMore = hyphen > chunk && _text.AsSpan(chunk, hyphen - chunk).ContainsAnyExcept('-');
            start = hasMore ? hyphen + 1 : cut;
            return chunk;
        }

        if (from != start)
            return lastChunk;
        start = end;
        return chunk;
    }

    private void AddLine(int from, int lastChunk, int end)
    {
        int kept = IsBlank(lastChunk, end) ? lastChunk : end;
        if (kept == from)
            return;
        var line = new StringBuilder(kept - from);
        foreach (int codePoint in _text.AsSpan(from, kept - from))
            line.Append(new Rune(codePoint));
        _lines.Add(line.ToString());
    }

    /// <summary>Where what cannot be parted ends: a run of white space, a run of dashes between words, a word or its part up to a hyphen.</summary>
    private int EndOfChunk(int start)
    {
        int end = start;
        if (IsSpace(_text[start]))
        {
            while (end < _text.Length && IsSpace(_text[end]))
                end++;
            return end;
        }

        if (_breaksAtHyphens && IsDashAfterWord(start, out end))
            return end;
        for (end = start + 1; end < _text.Length && !IsSpace(_text[end]); end++)
        {
            if (_breaksAtHyphens && IsHyphenInWord(end))
                return end + 1;
            if (_breaksAtHyphens && IsDashAfterWord(end, out _))
                return end;
        }

        return end;
    }

    private bool IsDashAfterWord(int at, out int end)
    {
        end = at;
        if (at == 0 || _text[at] != '-' || !(IsWord(_text[at - 1]) || "!\"'&.,?".Contains((char)Math.Min(_text[at - 1], char.MaxValue))))
            return false;
        while (end < _text.Length && _text[end] == '-')
            end++;
        return end - at >= 2 && end < _text.Length && IsWord(_text[end]);
    }

    private bool IsHyphenInWord(int at) =>
        _text[at] == '-'
        && IsLetter(at - 1)
        && (IsLetter(at - 2) || (At(at - 2) == '-' && IsLetter(at - 3)))
        && IsLetter(at + 1)
        && IsLetter(At(at + 2) == '-' ? at + 3 : at + 2);

    private int At(int index) => index >= 0 && index < _text.Length ? _text[index] : -1;

    private bool IsLetter(int index) => At(index) is >= 0 and var codePoint && IsWord(codePoint) && !Rune.IsDigit(new Rune(codePoint));

    private bool IsBlank(int start, int end)
    {
        foreach (int codePoint in _text.AsSpan(start, end - start))
        {
            if (codePoint > char.MaxValue || !PythonSpace.Is((char)codePoint))
                return false;
        }

        return true;
    }

    private static bool IsWord(int codePoint) => codePoint == '_' || (new Rune(codePoint) is var rune && (Rune.IsLetter(rune) || Rune.IsNumber(rune)));

    private static bool IsSpace(int codePoint) => codePoint is ' ' or (>= '\t' and <= '\r');
}
