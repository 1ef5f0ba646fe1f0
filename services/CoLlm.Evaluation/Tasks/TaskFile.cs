using CoLlm.Evaluation.Extraction;

namespace CoLlm.Evaluation.Tasks;

/// <summary>
/// Reads tasks as JSON lines: <c>id</c>, <c>task</c>, <c>question</c>, <c>metric</c>, <c>answers</c> (texts, or for lists one array
/// of names per element), and optionally <c>extract</c> and <c>separators</c>; other fields are ignored.
/// </summary>
public static class TaskFile
{
    /// <summary>Reads a file, or all <c>*.jsonl</c> files of a folder in the order of their names.</summary>
    /// <exception cref="EvaluationException">Something is wrong with it; file and line are named.</exception>
    public static IReadOnlyList<EvaluationItem> Read(string path)
    {
        List<EvaluationItem> items = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        foreach (JsonPlace line in Files(path).SelectMany(InputFile.Lines))
        {
            EvaluationItem item = Item(line);
            if (!ids.Add(item.Id))
                throw line.Problem($"repeats the id '{item.Id}'");
            items.Add(item);
        }

        return items.Count > 0 ? items : throw new EvaluationException($"{path}: it holds no item.");
    }

    private static EvaluationItem Item(JsonPlace line)
    {
        string metricName = line.RequiredText("metric");
        MetricKind metric = MetricNames.Parse(metricName)
            ?? throw line.Problem($"has the metric '{metricName}', which is none of {string.Join(", ", MetricNames.All)}");
        IReadOnlyList<IReadOnlyList<string>> answers = line.Alternatives("answers");
        string? extract = line.Text("extract");
        if (extract is not null && AnswerExtractor.FindProblem(extract) is { } problem)
            throw line.Problem(problem);
        return new EvaluationItem(
            line.RequiredText("id"),
            line.RequiredText("task"),
            line.RequiredText("question"),
            metric,
            metric == MetricKind.ListF1 ? answers : [[.. answers.SelectMany(alternatives => alternatives)]],
            extract,
            line.Texts("separators") ?? EvaluationItem.DefaultSeparators);
    }

    private static string[] Files(string path)
    {
        if (!Directory.Exists(path))
            return [path];
        string[] files = [.. Directory.EnumerateFiles(path, "*.jsonl").Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new EvaluationException($"{path}: the folder holds no .jsonl file.");
    }
}
