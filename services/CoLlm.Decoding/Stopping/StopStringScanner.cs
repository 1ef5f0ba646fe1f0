namespace CoLlm.Decoding.Stopping;

/// <summary>Looks for stop strings in text of which more may come. Pure; compares code units.</summary>
internal static class StopStringScanner
{
    /// <summary>The stop string that begins first, the longest where several begin there.</summary>
    /// <returns>Where it begins, or -1.</returns>
    public static int Find(ReadOnlySpan<char> text, IReadOnlyList<string> stopStrings, out string? found)
    {
        int first = -1;
        found = null;
        for (int i = 0; i < stopStrings.Count; i++)
        {
            int index = text.IndexOf(stopStrings[i], StringComparison.Ordinal);
            if (index < 0 || (found is not null && (index > first || (index == first && stopStrings[i].Length <= found.Length))))
                continue;
            first = index;
            found = stopStrings[i];
        }

        return first;
    }

    /// <summary>How much of the text no stop string can begin in, whatever comes next.</summary>
    public static int SafeLength(ReadOnlySpan<char> text, IReadOnlyList<string> stopStrings)
    {
        int held = 0;
        for (int i = 0; i < stopStrings.Count; i++)
        {
            ReadOnlySpan<char> stop = stopStrings[i];
            for (int length = Math.Min(text.Length, stop.Length - 1); length > held; length--)
            {
                if (text[^length..].SequenceEqual(stop[..length]))
                    held = length;
            }
        }

        return text.Length - held;
    }
}
