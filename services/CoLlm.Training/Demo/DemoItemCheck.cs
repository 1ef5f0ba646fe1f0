using System.Text.Json;
using System.Text.RegularExpressions;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo;

/// <summary>
/// Makes sure that items follow from the facts: asked in one of the task's wordings, about an entity of the right split, with the
/// answer that the facts and arithmetic give.
/// </summary>
internal sealed class DemoItemCheck(DemoCorpus corpus)
{
    private static readonly TimeSpan PatternPatience = TimeSpan.FromSeconds(1);

    /// <summary>Reads a folder's items, in the order of its files' names, and checks each.</summary>
    /// <param name="folder">Holds <c>*.jsonl</c>.</param>
    /// <param name="split">Every item must be about an entity of it.</param>
    /// <exception cref="TrainingException">An item cannot be read or does not follow; file and item are named.</exception>
    public IReadOnlyList<DemoItem> Read(string folder, DemoSplit split)
    {
        List<DemoItem> items = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        foreach (string path in Files(folder))
        {
            int number = 0;
            foreach (DemoItem item in DemoFile.ReadLines<DemoItem>(path))
            {
                number++;
                if ((ids.Add(item.Id) ? FindProblem(item, split) : "has the id of an earlier one") is { } problem)
                    throw new TrainingException($"{path}: item {number} ('{item.Id}') {problem}.");
                items.Add(item);
            }
        }

        return items;
    }

    /// <summary>What is wrong with an item, as the end of a sentence; null where nothing is.</summary>
    public string? FindProblem(DemoItem item, DemoSplit split)
    {
        if (corpus.Library.Wordings.Task(item.Task) is not { } task)
            return $"has the unknown task '{item.Task}'";
        if (corpus.Catalog.All.FirstOrDefault(candidate => candidate.Kind == task.Entity && candidate.Id == item.Entity) is not { } entity)
            return $"is about '{item.Entity}', which is no {task.Entity}";
        if (entity.Split != split)
            return $"is about '{item.Entity}', which belongs to the split {entity.Split}";
        if (item.Wording is not ("training" or "held_out"))
            return $"has the unknown wording '{item.Wording}'";
        DemoQuestion? question = corpus.AllQuestions(item.Task, entity, item.Wording == "held_out").FirstOrDefault(candidate => candidate.Question == item.Question);
        if (question is null)
            return $"asks what no {item.Wording} wording of its task asks";
        if (question.Answer != item.Reference || question.Span != item.Answer)
            return $"expects '{item.Reference}', but the facts give '{question.Answer}'";
        if ((item.Expert, item.Metric, item.Extract) != (task.Expert, task.Metric, question.Form.Extract))
            return "differs from its task in expert, metric or extraction";
        if (!(item.Separators ?? []).SequenceEqual(task.Separators ?? []))
            return "differs from its task in separators";
        return FindAnswerProblem(item);
    }

    private static string? FindAnswerProblem(DemoItem item)
    {
        Match match = Regex.Match(item.Reference, item.Extract, RegexOptions.Singleline, PatternPatience);
        if (!match.Success || match.Groups[1].Value != item.Answer)
            return $"extracts '{match.Groups[1].Value}' from its own reference";
        IEnumerable<string> canonical = item.Separators is { } separators
            ? item.Answer.Split([.. separators], StringSplitOptions.RemoveEmptyEntries)
            : [item.Answer];
        IEnumerable<string?> accepted = item.Answers.Select(answer => (answer.ValueKind == JsonValueKind.Array ? answer[0] : answer).GetString());
        bool agrees = item.Separators is null ? accepted.Contains(item.Answer) : canonical.SequenceEqual(accepted);
        return agrees ? null : "does not accept its own answer";
    }

    private static string[] Files(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, "*.jsonl").Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{folder}: cannot be read, {exception.Message}", exception);
        }
    }
}
