using System.Text.Json;
using CoLlm.Evaluation.Extraction;
using CoLlm.Evaluation.Tasks;

namespace CoLlm.Evaluation.Importers;

/// <summary>
/// Reads MATH as published: a folder with one folder per subject and one JSON file per problem, or JSON lines; each with
/// <c>problem</c>, <c>solution</c> and <c>type</c>. The result is the solution's last box.
/// </summary>
public static class MathFiles
{
    /// <exception cref="EvaluationException">Something is wrong with a file; the file, and where there are several the line, is named.</exception>
    public static IReadOnlyList<EvaluationItem> Read(string path)
    {
        List<EvaluationItem> items = [];
        if (!Directory.Exists(path))
        {
            foreach (JsonPlace line in InputFile.Lines(path))
                items.Add(Item(line, $"math/{items.Count + 1}"));
        }
        else
        {
            foreach (string file in Directory.EnumerateFiles(path, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(InputFile.MaxItems))
            {
                using JsonDocument document = InputFile.Document(file);
                items.Add(Item(new JsonPlace(document.RootElement, $"{file}: it"), $"math/{Path.GetRelativePath(path, file).Replace('\\', '/')}"));
            }
        }

        return items.Count > 0 ? items : throw new EvaluationException($"{path}: it holds no problem.");
    }

    private static EvaluationItem Item(JsonPlace place, string id)
    {
        string result = BoxedText.Last(place.RequiredText("solution")) is { Length: > 0 } boxed
            ? boxed
            : throw place.Problem("has a 'solution' without a closed \\boxed result");
        string task = "math/" + (place.Text("type") ?? "all").ToLowerInvariant().Replace(' ', '_');
        return new EvaluationItem(
            id, task, place.RequiredText("problem"), MetricKind.Mathematics, [[result]], AnswerExtractor.BoxedRule, EvaluationItem.DefaultSeparators);
    }
}
