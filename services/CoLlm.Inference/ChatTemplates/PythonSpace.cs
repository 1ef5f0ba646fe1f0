namespace CoLlm.Inference.ChatTemplates;

/// <summary>The characters that Python counts as white space: Unicode's, and the four information separators.</summary>
internal static class PythonSpace
{
    public static readonly char[] All =
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(value => (char)value).Where(Is)];

    public static bool Is(char character) => char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f';
}
