using System.Text;

namespace CoLlm.Evaluation.Metrics;

/// <summary>Text without what does not matter when answers are compared.</summary>
internal static class NormalizedText
{
    private static readonly char[] EndMarks = [' ', '.', ',', ';', ':', '!', '?', '"', '\'', '\u201c', '\u201d', '\u2018', '\u2019'];

    /// <summary>Lower case, runs of white space as one space, no marks or quotes at the ends. May be empty.</summary>
    public static string Of(string text)
    {
        StringBuilder normal = new(text.Length);
        foreach (char character in text)
        {
            if (!char.IsWhiteSpace(character))
                normal.Append(char.ToLowerInvariant(character));
            else if (normal.Length > 0 && normal[^1] != ' ')
                normal.Append(' ');
        }

        return normal.ToString().Trim(EndMarks);
    }
}
