namespace CoLlm.Evaluation.Extraction;

/// <summary>Finds what LaTeX puts into a box, as solutions of competition problems mark their result.</summary>
internal static class BoxedText
{
    private static readonly string[] Commands = ["\\boxed", "\\fbox"];

    /// <summary>The content of the last box, with braces inside it balanced; null where there is none that is closed.</summary>
    public static string? Last(string text)
    {
        int start = Commands.Max(command => text.LastIndexOf(command, StringComparison.Ordinal));
        if (start < 0)
            return null;
        int at = start + Commands.First(command => string.CompareOrdinal(text, start, command, 0, command.Length) == 0).Length;
        while (at < text.Length && text[at] == ' ')
            at++;
        if (at == text.Length)
            return null;
        if (text[at] != '{')
            return text[at..].Split(' ', '$', '.', '\n')[0] is { Length: > 0 } bare ? bare : null;

        int depth = 0;
        for (int i = at; i < text.Length; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == '{')
                depth++;
            else if (text[i] == '}' && --depth == 0)
                return text[(at + 1)..i].Trim();
        }

        return null;
    }
}
