using System.Text;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The filters that take HTML away from text or make some.</summary>
internal static class HtmlFilters
{
    /// <summary>The text without comments and tags, its references replaced, its runs of white space single spaces.</summary>
    public static object? StripTags(RenderContext context, object? value, Arguments arguments)
    {
        string text = WithoutTags(WithoutComments(PythonText.Str(context, value)));
        string[] words = text.Split(PythonSpace.All, StringSplitOptions.RemoveEmptyEntries);
        context.Work(text.Length);
        return HtmlReferences.Decode(context, string.Join(' ', words));
    }

    /// <summary>A mapping as the attributes of a tag; what is none or undefined is left out.</summary>
    public static object? Attributes(RenderContext context, object? value, Arguments arguments)
    {
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        if (value is not TemplateDict dict)
            throw new TemplateFault($"xmlattr needs a mapping, not {PythonType.NameOf(value)}");
        var output = new StringBuilder();
        string separator = arguments.Flag(0, "autospace", otherwise: true) ? " " : string.Empty;
        foreach ((object? key, object? item) in dict.Items)
        {
            context.Work(1);
            if (item is null or UndefinedValue)
                continue;
            string name = key as string ?? throw new TemplateFault($"the name of an attribute must be a string, not {PythonType.NameOf(key)}");
            if (name.Any(unit => unit is '/' or '>' or '=' || PythonSpace.Is(unit)))
                throw new TemplateFault($"Invalid character in attribute name: {PythonText.Repr(context, name)}");
            output.Append(separator).Append(Markup.Escaped(context, name)).Append("=\"").Append(Markup.Escaped(context, item)).Append('"');
            context.CheckSize(output.Length);
            separator = " ";
        }

        return output.ToString();
    }

    /// <summary>Where the removal of one comment puts another together, that goes, too; one without an end stays with all after it.</summary>
    private static string WithoutComments(string text)
    {
        if (!text.Contains("<!--", StringComparison.Ordinal))
            return text;
        var output = new StringBuilder(text.Length);
        int position = 0;
        while (position < text.Length)
        {
            output.Append(text[position++]);
            if (!EndsWithStart(output))
                continue;
            ReadOnlySpan<char> rest = text.AsSpan(position);

            // The two hyphens of the start may belong to the end.
            int length = rest.StartsWith(">") ? 1 : rest.StartsWith("->") ? 2 : rest.IndexOf("-->") + 3;
            if (length < 3 && !rest.StartsWith(">") && !rest.StartsWith("->"))
                return output.Append(rest).ToString();
            output.Length -= 4;
            position += length;
        }

        return output.ToString();
    }

    private static bool EndsWithStart(StringBuilder output)
    {
        int last = output.Length - 1;
        return last >= 3 && output[last] == '-' && output[last - 1] == '-' && output[last - 2] == '!' && output[last - 3] == '<';
    }

    private static string WithoutTags(string text)
    {
        var output = new StringBuilder(text.Length);
        int position = 0;
        while (text.IndexOf('<', position) is >= 0 and var start && text.IndexOf('>', start) is >= 0 and var end)
        {
            output.Append(text, position, start - position);
            position = end + 1;
        }

        return output.Append(text, position, text.Length - position).ToString();
    }
}
