using System.Text;

namespace CoLlm.Inference.Checkpoints;

/// <summary>Makes text that came out of a file safe to repeat in a one-line message.</summary>
internal static class CheckpointText
{
    private const int LongestShown = 120;

    /// <summary>The text in single quotes, control characters replaced, cut after 120 characters.</summary>
    public static string Quote(string text)
    {
        StringBuilder shown = new("'");
        foreach (char letter in text.AsSpan(0, Math.Min(text.Length, LongestShown)))
            shown.Append(char.IsControl(letter) || char.IsSurrogate(letter) ? '?' : letter);
        return shown.Append(text.Length > LongestShown ? "...'" : "'").ToString();
    }

    public static string Shape(ReadOnlySpan<long> shape)
    {
        StringBuilder shown = new("[");
        for (int i = 0; i < shape.Length; i++)
            shown.Append(i == 0 ? "" : ", ").Append(shape[i]);
        return shown.Append(']').ToString();
    }
}
