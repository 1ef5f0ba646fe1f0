using System.Text.Json;
using System.Text.Json.Serialization;
using CoLlm.Training.Data;

namespace CoLlm.Training.Scoring;

/// <summary>
/// One model's scores of all sequences, a JSON line each with <c>gold</c> and <c>max</c> for the tokens that count. It grows
/// while scoring runs and is continued where it ends.
/// </summary>
internal sealed class ScoreFile(string path)
{
    /// <summary>Complete lines; what a killed run left of a last one is cut off.</summary>
    public int CompleteLineCount()
    {
        if (!File.Exists(path))
            return 0;
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite);
        int lines = 0;
        long end = 0;
        Span<byte> buffer = new byte[1 << 16];
        long position = 0;
        for (int read; (read = file.Read(buffer)) > 0; position += read)
        {
            for (int i = 0; i < read; i++)
            {
                if (buffer[i] == '\n')
                {
                    lines++;
                    end = position + i + 1;
                }
            }
        }

        file.SetLength(end);
        return lines;
    }

    public void Append(IEnumerable<TokenScores> scores)
    {
        using StreamWriter file = new(path, append: true) { NewLine = "\n" };
        foreach (TokenScores score in scores)
            file.WriteLine(JsonSerializer.Serialize(new Line(score.Gold, score.Max)));
    }

    /// <summary>Reads the scores, one entry per token that counts.</summary>
    /// <exception cref="TrainingException">A line is damaged or does not fit its sequence.</exception>
    public IReadOnlyList<TokenScores> Read(IReadOnlyList<FormattedSequence> sequences)
    {
        List<TokenScores> scores = [];
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

            if (scores.Count == sequences.Count)
                throw new TrainingException($"{path}: it has more lines than there are sequences; delete it to have it written again.");
            int expected = sequences[scores.Count].TargetRows.Count();
            if (line?.Gold is null || line.Max is null || line.Gold.Length != expected || line.Max.Length != expected)
                throw new TrainingException($"{path}: line {scores.Count + 1} is damaged; delete the file to have it written again.");
            scores.Add(new TokenScores(line.Gold, line.Max));
        }

        return scores.Count == sequences.Count
            ? scores
            : throw new TrainingException($"{path}: it has {scores.Count} lines for {sequences.Count} sequences; delete it to have it written again.");
    }

    private sealed record Line([property: JsonPropertyName("gold")] float[]? Gold, [property: JsonPropertyName("max")] float[]? Max);
}
