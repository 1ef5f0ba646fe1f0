using System.Text.Json;
using System.Text.Json.Serialization;
using CoLlm.Training.Output;

namespace CoLlm.Training.Data;

/// <summary>
/// Tokenised examples on disk, one JSON line each: <c>ids</c>, and <c>targets</c> as ranges [first, end) of positions in it.
/// </summary>
internal static class SequenceFile
{
    /// <summary>Writes the file; it appears only when complete.</summary>
    public static void Write(string path, IEnumerable<FormattedSequence> sequences) =>
        AtomicFile.Write(path, file =>
        {
            foreach (FormattedSequence sequence in sequences)
                file.WriteLine(JsonSerializer.Serialize(new Line(sequence.TokenIds, Ranges(sequence.IsTarget))));
        });

    /// <exception cref="TrainingException">A line is damaged.</exception>
    public static IReadOnlyList<FormattedSequence> Read(string path)
    {
        List<FormattedSequence> sequences = [];
        foreach (string text in File.ReadLines(path))
        {
            Line? line = null;
            try
            {
                line = JsonSerializer.Deserialize<Line>(text);
            }
            catch (JsonException)
            {
            }

            bool isWhole = line is { Ids.Length: >= 2, Targets.Length: >= 1 }
                && line.Targets.All(range => range is [>= 1, _] && range[1] <= line.Ids.Length && range[0] < range[1]);
            if (!isWhole)
                throw new TrainingException($"{path}: line {sequences.Count + 1} is damaged; delete the file to have it written again.");
            bool[] isTarget = new bool[line!.Ids!.Length - 1];
            foreach (int[] range in line.Targets!)
                isTarget.AsSpan(range[0] - 1, range[1] - range[0]).Fill(true);
            sequences.Add(new FormattedSequence(line.Ids, isTarget));
        }

        return sequences;
    }

    private static int[][] Ranges(bool[] isTarget)
    {
        List<int[]> ranges = [];
        for (int t = 0; t < isTarget.Length; t++)
        {
            if (!isTarget[t])
                continue;
            int first = t;
            while (t < isTarget.Length && isTarget[t])
                t++;
            ranges.Add([first + 1, t + 1]);
        }

        return [.. ranges];
    }

    private sealed record Line([property: JsonPropertyName("ids")] int[]? Ids, [property: JsonPropertyName("targets")] int[][]? Targets);
}
