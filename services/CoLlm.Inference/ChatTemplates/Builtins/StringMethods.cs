using System.Buffers;
using System.Text;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The methods of Python strings that templates use.</summary>
internal static class StringMethods
{
    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\v\f\u001c\u001d\u001e\u0085\u2028\u2029");

    private delegate object? Body(RenderContext context, string text, Arguments arguments);

    private static readonly Dictionary<string, Body> All = new()
    {
        ["strip"] = (_, text, arguments) => Strip(text, arguments.Get(0, "chars", null), left: true, right: true),
        ["lstrip"] = (_, text, arguments) => Strip(text, arguments.Get(0, "chars", null), left: true, right: false),
        ["rstrip"] = (_, text, arguments) => Strip(text, arguments.Get(0, "chars", null), left: false, right: true),
        ["upper"] = (_, text, _) => text.ToUpperInvariant(),
        ["lower"] = (_, text, _) => text.ToLowerInvariant(),
        ["title"] = (_, text, _) => Title(text),
        ["capitalize"] = (_, text, _) => Capitalize(text),
        ["split"] = (context, text, arguments) => Split(context, text, arguments, fromEnd: false),
        ["rsplit"] = (context, text, arguments) => Split(context, text, arguments, fromEnd: true),
        ["splitlines"] = (_, text, arguments) => SplitLines(text, arguments.Flag(0, "keepends", otherwise: false)),
        ["join"] = (context, text, arguments) => Join(context, text, Python.Iterate(arguments.Required(0, "iterable"))),
        ["replace"] = Replace,
        ["removeprefix"] = (_, text, arguments) =>
            arguments.Text(0, "prefix") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
        ["removesuffix"] = (_, text, arguments) =>
            arguments.Text(0, "suffix") is var suffix && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
        ["isalpha"] = (_, text, _) => text.Length > 0 && text.EnumerateRunes().All(Rune.IsLetter),
        ["isalnum"] = (_, text, _) => text.Length > 0 && text.EnumerateRunes().All(rune => Rune.IsLetter(rune) || Rune.IsNumber(rune)),
        ["isspace"] = (_, text, _) => text.Length > 0 && text.All(PythonSpace.Is),
        ["islower"] = (_, text, _) => text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["isupper"] = (_, text, _) => text.Any(char.IsUpper) && !text.Any(char.IsLower),
    };

    static StringMethods()
    {
        foreach ((string name, Func<RenderContext, string, Arguments, object?> body) in StringShapes.All.Concat(StringSearch.All))
            All.Add(name, new Body(body));
    }

    public static TemplateFunction? Find(string text, string name) => !All.TryGetValue(name, out Body? body)
        ? null
        : new TemplateFunction(name, (context, arguments) =>
        {
            context.Work(text.Length);
            bool escapes = name is "format" or "join" or "replace" && context.IsMarkup(text);
            return Markup.Keep(context, text, body(context, text, escapes ? Markup.Inserted(context, arguments) : arguments));
        });

    /// <summary>Removes characters at the ends: those in <paramref name="characters"/>, or white space when it is null.</summary>
    public static string Strip(string text, object? characters, bool left, bool right)
    {
        HashSet<Rune>? stripped = characters switch
        {
            null => null,
            string set => [.. set.EnumerateRunes()],
            _ => throw new TemplateFault($"strip arg must be None or str, not {PythonType.NameOf(characters)}"),
        };
        bool IsStripped(Rune rune) => stripped?.Contains(rune) ?? (rune.IsBmp && PythonSpace.Is((char)rune.Value));
        int start = 0;
        int end = text.Length;
        while (left && start < end && Rune.DecodeFromUtf16(text.AsSpan(start, end - start), out Rune rune, out int length) == 0 && IsStripped(rune))
            start += length;
        while (right && start < end && Rune.DecodeLastFromUtf16(text.AsSpan(start, end - start), out Rune rune, out int length) == 0 && IsStripped(rune))
            end -= length;
        return text[start..end];
    }

    public static string Title(string text)
    {
        var output = new StringBuilder(text.Length);
        bool insideWord = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            output.Append(insideWord ? Rune.ToLowerInvariant(rune) : Rune.ToUpperInvariant(rune));
            insideWord = Rune.IsLetter(rune);
        }

        return output.ToString();
    }

    public static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    public static string Join(RenderContext context, string separator, IEnumerable<object?> items)
    {
        var output = new StringBuilder();
        bool isFirst = true;
        foreach (object? item in items)
        {
            if (!isFirst)
                output.Append(separator);
            isFirst = false;
            output.Append(item as string ?? throw new TemplateFault($"sequence item: expected str instance, {PythonType.NameOf(item)} found"));
            context.CheckSize(output.Length);
            context.Work(1);
        }

        context.Work(output.Length);
        return output.ToString();
    }

    private static TemplateList Split(RenderContext context, string text, Arguments arguments, bool fromEnd)
    {
        object? separator = arguments.Get(0, "sep", null);
        long most = arguments.Integer(1, "maxsplit", -1);
        List<object?> parts = separator switch
        {
            null => SplitAtSpaces(text, most, fromEnd),
            string { Length: > 0 } given => SplitAt(text, given, most, fromEnd),
            string => throw new TemplateFault("empty separator"),
            _ => throw new TemplateFault($"must be str or None, not {PythonType.NameOf(separator)}"),
        };
        context.Work(parts.Count);
        return new TemplateList(parts);
    }

    private static List<object?> SplitAt(string text, string separator, long most, bool fromEnd)
    {
        List<object?> parts = [];
        int start = 0;
        int end = text.Length;
        while (most < 0 || parts.Count < most)
        {
            int at = fromEnd
                ? end >= separator.Length ? text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal) : -1
                : text.IndexOf(separator, start, StringComparison.Ordinal);
            if (at < 0)
                break;
            parts.Add(fromEnd ? text[(at + separator.Length)..end] : text[start..at]);
            if (fromEnd)
                end = at;
            else
                start = at + separator.Length;
        }

        parts.Add(fromEnd ? text[..end] : text[start..]);
        if (fromEnd)
            parts.Reverse();
        return parts;
    }

    private static List<object?> SplitAtSpaces(string text, long most, bool fromEnd)
    {
        string[] words = text.Split(PythonSpace.All, StringSplitOptions.RemoveEmptyEntries);
        if (most < 0 || words.Length - 1 <= most)
            return [.. words];
        List<object?> parts = [];
        string rest = text;
        for (long count = 0; count < most; count++)
        {
            rest = Strip(rest, null, left: !fromEnd, right: fromEnd);
            int at = fromEnd ? rest.LastIndexOfAny(PythonSpace.All) : rest.IndexOfAny(PythonSpace.All);
            parts.Add(fromEnd ? rest[(at + 1)..] : rest[..at]);
            rest = fromEnd ? rest[..at] : rest[(at + 1)..];
        }

        parts.Add(Strip(rest, null, left: !fromEnd, right: fromEnd));
        if (fromEnd)
            parts.Reverse();
        return parts;
    }

    public static TemplateList SplitLines(string text, bool keepsEnds)
    {
        List<object?> lines = [];
        int start = 0;
        while (start < text.Length)
        {
            int end = text.AsSpan(start).IndexOfAny(LineEnds);
            if (end < 0)
            {
                lines.Add(text[start..]);
                break;
            }

            end += start;
            int next = text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? end + 2 : end + 1;
            lines.Add(text[start..(keepsEnds ? next : end)]);
            start = next;
        }

        return new TemplateList(lines);
    }

    private static string Replace(RenderContext context, string text, Arguments arguments)
    {
        string old = arguments.Text(0, "old");
        string replacement = arguments.Text(1, "new");
        long most = arguments.Integer(2, "count", -1);
        return Replace(context, text, old, replacement, most);
    }

    /// <summary>Replaces the first <paramref name="most"/> occurrences, or all when it is negative.</summary>
    public static string Replace(RenderContext context, string text, string old, string replacement, long most)
    {
        long occurrences = old.Length == 0 ? PythonText.CountCodePoints(text) + 1L : Count(text, old);
        long length = text.Length + ((replacement.Length - old.Length) * (most < 0 ? occurrences : Math.Min(most, occurrences)));
        context.CheckSize(length);
        context.Work(text.Length + Math.Max(0, length));
        if (old.Length > 0 && most < 0)
            return text.Replace(old, replacement, StringComparison.Ordinal);
        var output = new StringBuilder();
        int start = 0;
        for (long count = 0; count != most; count++)
        {
            int at = old.Length == 0 ? (start <= text.Length && count > 0 ? NextCharacter(text, start) : 0) : text.IndexOf(old, start, StringComparison.Ordinal);
            if (at < 0 || at > text.Length || count >= occurrences)
                break;
            output.Append(text, start, at - start).Append(replacement);
            start = at + old.Length;
        }

        return output.Append(text, start, text.Length - start).ToString();
    }

    private static int NextCharacter(string text, int at) =>
        at >= text.Length ? text.Length + 1 : at + (char.IsHighSurrogate(text[at]) && at + 1 < text.Length ? 2 : 1);

    public static long Count(string text, string part) => part.Length == 0
        ? PythonText.CountCodePoints(text) + 1L
        : text.AsSpan().Count(part);
}
