using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>
/// Text that counts as HTML already, which <c>safe</c> and <c>escape</c> give: it is not escaped again, and what is put to it
/// with <c>+</c> is escaped. A rendering remembers it by reference, so that everywhere else it is a string like any other.
/// </summary>
internal static class Markup
{
    /// <summary>The text of any value with HTML's characters written as references, unless they are already.</summary>
    public static string Escaped(RenderContext context, object? value)
    {
        if (value is string text && context.IsMarkup(text))
            return text;
        return context.AsMarkup(TextFilters.Escape(context, PythonText.Str(context, value)));
    }

    /// <summary>What came of <paramref name="source"/> counts as HTML where the source does: texts, and the texts of lists.</summary>
    public static object? Keep(RenderContext context, object? source, object? result)
    {
        if (source is not string text || !context.IsMarkup(text))
            return result;
        return result switch
        {
            string made => context.AsMarkup(made),
            TemplateList list => new TemplateList(
                [.. list.Items.Select(item => item is string part ? context.AsMarkup(part) : item)], list.IsTuple),
            _ => result,
        };
    }

    /// <summary>What is put into text that counts as HTML: texts escaped, also those that a list or a mapping holds.</summary>
    public static object? Inserted(RenderContext context, object? value)
    {
        switch (value)
        {
            case string text:
                return Escaped(context, text);
            case TemplateList list:
                return new TemplateList([.. list.Items.Select(item => item is string text ? Escaped(context, text) : item)], list.IsTuple);
            case TemplateDict dict:
                var escaped = new TemplateDict();
                foreach ((object? key, object? item) in dict.Items)
                    escaped.Set(key, item is string text ? Escaped(context, text) : item);
                return escaped;
            default:
                return value;
        }
    }

    /// <summary>The arguments of a method that puts them into text that counts as HTML.</summary>
    public static Arguments Inserted(RenderContext context, Arguments arguments)
    {
        int kept = arguments.Callee == "replace" ? 1 : 0;
        return new Arguments(
            arguments.Callee,
            [.. arguments.Positional.Select((value, index) => index < kept ? value : Inserted(context, value))],
            arguments.Named.ToDictionary(argument => argument.Key, argument => Inserted(context, argument.Value)));
    }
}
