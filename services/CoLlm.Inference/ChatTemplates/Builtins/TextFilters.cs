using System.Text;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The filters that make text.</summary>
internal static class TextFilters
{
    public static string Escape(RenderContext context, string text)
    {
        var output = new StringBuilder(text.Length);
        foreach (char unit in text)
        {
            string? escape = unit switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '"' => "&#34;", '\'' => "&#39;", _ => null };
            if (escape is null)
                output.Append(unit);
            else
                output.Append(escape);
            context.CheckSize(output.Length);
        }

        context.Work(output.Length);
        return output.ToString();
    }

    public static object? Indent(RenderContext context, object? value, Arguments arguments)
    {
        string text = PythonText.Str(context, value);
        object? width = arguments.Get(0, "width", 4L);
        string prefix = width as string ?? Spaces(context, Python.AsInteger(width, "the width of indent"));
        bool first = arguments.Flag(1, "first", otherwise: false);
        bool blank = arguments.Flag(2, "blank", otherwise: false);
        string[] lines = [.. StringMethods.SplitLines(text + "\n", keepsEnds: false).Items.Cast<string>()];
        context.CheckSize(text.Length + ((long)prefix.Length * lines.Length));
        context.Work(text.Length + ((long)prefix.Length * lines.Length));
        for (int index = 0; index < lines.Length; index++)
        {
            if (index == 0 ? first : blank || lines[index].Length > 0)
                lines[index] = prefix + lines[index];
        }

        return string.Join('\n', lines);
    }

    /// <summary>Every word with a capital, where words begin after spaces, hyphens and opening brackets only.</summary>
    public static string Title(string text)
    {
        var output = new StringBuilder(text.Length);
        bool insideWord = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            output.Append(insideWord ? Rune.ToLowerInvariant(rune) : Rune.ToUpperInvariant(rune));
            insideWord = !(rune.IsBmp && ("-({[<".Contains((char)rune.Value) || PythonSpace.Is((char)rune.Value)));
        }

        return output.ToString();
    }

    /// <summary>Runs of letters, numbers and underscores.</summary>
    public static long CountWords(string text)
    {
        long count = 0;
        bool insideWord = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isWord = Rune.IsLetter(rune) || Rune.IsNumber(rune) || rune.Value == '_';
            count += isWord && !insideWord ? 1 : 0;
            insideWord = isWord;
        }

        return count;
    }

    public static object? Join(RenderContext context, object? value, Arguments arguments)
    {
        string separator = PythonText.Str(context, arguments.Get(0, "d", string.Empty));
        object? attribute = arguments.Get(1, "attribute", null);
        IEnumerable<object?> items = Python.Iterate(value);
        if (attribute is not null)
            items = items.Select(item => SequenceFilters.Attribute(context, item, attribute));
        return StringMethods.Join(context, separator, items.Select(item => PythonText.Str(context, item)));
    }

    public static object? Replace(RenderContext context, object? value, Arguments arguments)
    {
        string old = PythonText.Str(context, arguments.Required(0, "old"));
        string replacement = PythonText.Str(context, arguments.Required(1, "new"));
        long most = arguments.Get(2, "count", null) is { } count ? Python.AsInteger(count, "the count of replace") : -1;
        string text = PythonText.Str(context, value);
        string replaced = StringMethods.Replace(context, text, old, replacement, most);

        // Where nothing is found the text itself comes back, which may count as HTML; the filter gives plain text.
        return ReferenceEquals(replaced, text) ? new string(text.AsSpan()) : replaced;
    }

    public static object? ToJson(RenderContext context, object? value, Arguments arguments)
    {
        object? given = arguments.Named.ContainsKey("indent") || arguments.Positional.Count > 1 ? arguments.Get(1, "indent", null) : null;
        if (given is null && arguments.Positional.Count == 1 && arguments.Positional[0] is long)
            given = arguments.Positional[0];
        string? indent = given switch
        {
            null => null,
            string text => text,
            _ => Spaces(context, Python.AsInteger(given, "the indent of tojson")),
        };
        (string item, string key) = (indent is null ? ", " : ",", ": ");
        if (arguments.Get(2, "separators", null) is TemplateList { Items: [string itemSeparator, string keySeparator] })
            (item, key) = (itemSeparator, keySeparator);
        bool sortsKeys = arguments.Flag(3, "sort_keys", otherwise: false);
        bool escapes = arguments.Named.TryGetValue("ensure_ascii", out object? ascii)
            ? Python.IsTrue(ascii)
            : arguments.Positional is [true, ..];
        return new PythonJson(context, indent, item, key, sortsKeys, escapes).Write(value);
    }

    private static string Spaces(RenderContext context, long count)
    {
        context.CheckSize(count);
        return new string(' ', (int)Math.Max(0, count));
    }
}
