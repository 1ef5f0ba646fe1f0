using System.Text;
using CoLlm.Inference.ChatTemplates.Values;
using CoLlm.Inference.Tokenization.PreTokenization;
using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The filter <c>urlize</c>: addresses in text become links, without the punctuation around them.</summary>
internal sealed class LinkFilter
{
    // Letters that have an ASCII letter as their other case count as it.
    private static readonly RegexPattern WebAddress = RegexPattern.Parse(
        @"\A(?:(?:[hH][tT][tT][pP][sSſ]?://|[wW]{3}\.)(?:[\p{L}\p{N}_%-]+\.)*(?:[a-zA-ZıİſK]{2,63}|[xX][nN]--[\p{L}\p{N}_%]{2,59})"
        + @"|(?:[\p{L}\p{N}_%-]{2,63}\.)+(?:[cC][oO][mM]|[nN][eE][tT]|[ıiIİ][nN][tT]|[eE][dD][uU]|[gG][oO][vV]|[oO][rR][gG]|[ıiIİ][nN][fF][oO]|[mM][ıiIİ][lL])"
        + @"|[hH][tT][tT][pP][sSſ]?://(?:\d{1,3}(?:\.\d{1,3}){3}|\[(?:[\da-fA-F]{0,4}:){2}(?:[\da-fA-F]{1,4}:?|:){0,6}\]))"
        + @"(?::\d{1,5})?(?:[/?#]\S*)?\z");

    private static readonly RegexPattern MailAddress = RegexPattern.Parse(@"\A\S+@[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.[\p{L}\p{N}_]+\z");
    private static readonly RegexPattern Scheme = RegexPattern.Parse(@"\A[\p{L}\p{N}_.+-]{2,}:/{0,2}\z");

    private readonly RenderContext _context;
    private readonly long? _longestShown;
    private readonly string _attributes;
    private readonly List<string> _schemes = [];

    private LinkFilter(RenderContext context, Arguments arguments)
    {
        _context = context;
        _longestShown = arguments.Get(0, "trim_url_limit", null) is { } limit ? Python.AsInteger(limit, "the trim_url_limit of urlize") : null;
        string target = arguments.Get(2, "target", null) is { } frame ? TextFilters.Escape(context, PythonText.Str(context, frame)) : string.Empty;
        string relation = arguments.Get(3, "rel", null) is { } rel ? PythonText.Str(context, rel) : string.Empty;
        SortedSet<string> relations = new(relation.Split(PythonSpace.All, StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal) { "noopener" };
        if (arguments.Flag(1, "nofollow", otherwise: false))
            relations.Add("nofollow");
        _attributes = $" rel=\"{TextFilters.Escape(context, string.Join(' ', relations))}\"" + (target.Length > 0 ? $" target=\"{target}\"" : string.Empty);
        foreach (object? scheme in arguments.Get(4, "extra_schemes", null) is { } schemes ? Python.Iterate(schemes) : [])
        {
            _schemes.Add(scheme is string name && IsMatch(Scheme, name)
                ? name
                : throw new TemplateFault($"{PythonText.Repr(context, scheme)} is not a valid URI scheme prefix."));
        }
    }

    /// <summary>The filter of this name.</summary>
    public static object? Apply(RenderContext context, object? value, Arguments arguments)
    {
        var filter = new LinkFilter(context, arguments);
        string text = Markup.Escaped(context, value);
        var output = new StringBuilder(text.Length);
        int position = 0;
        while (position < text.Length)
        {
            int end = position;
            bool isSpace = PythonSpace.Is(text[position]);
            while (end < text.Length && PythonSpace.Is(text[end]) == isSpace)
                end++;
            if (isSpace)
                output.Append(text, position, end - position);
            else
                filter.AppendWord(output, text[position..end]);
            context.CheckSize(output.Length);
            position = end;
        }

        context.Work(output.Length);
        return output.ToString();
    }

    private void AppendWord(StringBuilder output, string word)
    {
        int start = EndOfOpening(word);
        int end = StartOfClosing(word, start);
        foreach ((string open, string close) in ((string, string)[])[("(", ")"), ("<", ">"), ("&lt;", "&gt;")])
            end = Balanced(word, start, end, open, close);
        output.Append(word, 0, start).Append(Linked(word[start..end])).Append(word, end, word.Length - end);
    }

    private static int EndOfOpening(string word)
    {
        int start = 0;
        while (start < word.Length && (word[start] is '(' or '<' || IsAt(word, start, "&lt;")))
            start += word[start] == '&' ? 4 : 1;
        return start;
    }

    private static int StartOfClosing(string word, int least)
    {
        int end = word.Length;
        while (end > least && (word[end - 1] is ')' or '>' or '.' or ',' || (end - 4 >= least && IsAt(word, end - 4, "&gt;"))))
            end -= word[end - 1] == ';' ? 4 : 1;
        return end;
    }

    /// <summary>Where the address ends when it takes as many closing signs from what follows as it has opening ones.</summary>
    private static int Balanced(string word, int start, int end, string open, string close)
    {
        ReadOnlySpan<char> middle = word.AsSpan(start, end - start);
        int opened = middle.Count(open);
        if (opened <= middle.Count(close))
            return end;
        for (; opened > 0 && word.IndexOf(close, end, StringComparison.Ordinal) is >= 0 and var at; opened--)
            end = at + close.Length;
        return end;
    }

    private string Linked(string address)
    {
        _context.Work(8L * address.Length);
        if (IsMatch(WebAddress, address))
        {
            bool isComplete = address.StartsWith("https://", StringComparison.Ordinal) || address.StartsWith("http://", StringComparison.Ordinal);
            return $"<a href=\"{(isComplete ? string.Empty : "https://")}{address}\"{_attributes}>{Shown(address)}</a>";
        }

        const string Mail = "mailto:";
        if (address.StartsWith(Mail, StringComparison.Ordinal) && IsMatch(MailAddress, address[Mail.Length..]))
            return $"<a href=\"{address}\">{address[Mail.Length..]}</a>";
        bool isMail = !address.StartsWith("www.", StringComparison.Ordinal) && !address.StartsWith('@') && !address.Contains(':');
        if (isMail && IsMatch(MailAddress, address))
            return $"<a href=\"mailto:{address}\">{address}</a>";
        foreach (string scheme in _schemes)
        {
            _context.Work(address.Length);
            _context.CheckSize(address.Length);
            if (address != scheme && address.StartsWith(scheme, StringComparison.Ordinal))
                address = $"<a href=\"{address}\"{_attributes}>{address}</a>";
        }

        return address;
    }

    private string Shown(string address)
    {
        int count = PythonText.CountCodePoints(address);
        if (_longestShown is not { } limit || count <= limit)
            return address;
        return address[..PythonText.OffsetOf(address, limit < 0 ? Math.Max(0, limit + count) : limit)] + "...";
    }

    private static bool IsAt(string word, int position, string part) => string.CompareOrdinal(word, position, part, 0, part.Length) == 0;

    private static bool IsMatch(RegexPattern pattern, string text)
    {
        RegexMemory memory = pattern.Remember(text.Length);
        bool isMatch = pattern.TryFind(text, 0, memory, out int _, out int _);
        memory.Release();
        return isMatch;
    }
}
