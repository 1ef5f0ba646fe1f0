using System.Text.Json;
using CoLlm.Evaluation.Extraction;
using CoLlm.Evaluation.Tasks;

namespace CoLlm.Evaluation.Importers;

/// <summary>
/// Reads BioASQ task b as published: one JSON object with <c>questions</c>, each with <c>id</c>, <c>type</c>, <c>body</c> and answers.
/// Yes/no and factoid questions are scored by exact match (one answer is given, so strict and lenient accuracy and mean reciprocal rank
/// are the same number), lists by precision, recall and F1 over synonyms, summaries by ROUGE-SU4 against the ideal answers.
/// </summary>
public static class BioasqFile
{
    /// <exception cref="EvaluationException">Something is wrong with the file; the question is named.</exception>
    public static IReadOnlyList<EvaluationItem> Read(string path)
    {
        using JsonDocument document = InputFile.Document(path);
        if (!document.RootElement.TryGetProperty("questions", out JsonElement questions) || questions.ValueKind != JsonValueKind.Array)
            throw new EvaluationException($"{path}: it lacks a list of 'questions'.");
        if (questions.GetArrayLength() > InputFile.MaxItems)
            throw new EvaluationException($"{path}: it holds {questions.GetArrayLength()} questions; at most {InputFile.MaxItems} are read.");
        List<EvaluationItem> items = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        foreach ((int index, JsonElement question) in questions.EnumerateArray().Index())
        {
            JsonPlace place = new(question, $"{path}: question {index + 1}");
            if (question.ValueKind != JsonValueKind.Object)
                throw place.Problem("is not a JSON object");
            EvaluationItem item = Item(place);
            if (!ids.Add(item.Id))
                throw place.Problem($"repeats the id '{item.Id}'");
            items.Add(item);
        }

        return items.Count > 0 ? items : throw new EvaluationException($"{path}: it holds no question.");
    }

    private static EvaluationItem Item(JsonPlace place)
    {
        string type = place.RequiredText("type");
        (MetricKind metric, IReadOnlyList<IReadOnlyList<string>> accepted, string? extract) = type switch
        {
            "yesno" => (MetricKind.ExactMatch, YesNo(place), AnswerExtractor.YesNoRule),
            "factoid" => (MetricKind.ExactMatch, Factoid(place), AnswerExtractor.FirstLineRule),
            "list" => (MetricKind.ListF1, place.Alternatives("exact_answer"), null),
            "summary" => (MetricKind.RougeSu4, Ideal(place), (string?)null),
            _ => throw place.Problem($"has the type '{type}', which is none of yesno, factoid, list and summary"),
        };
        return new EvaluationItem($"bioasq/{place.RequiredText("id")}", $"bioasq_{type}", place.RequiredText("body"), metric, accepted, extract, SeparatorsFor(accepted));
    }

    /// <summary>The usual cuts without those that would cut a right name apart.</summary>
    private static string[] SeparatorsFor(IReadOnlyList<IReadOnlyList<string>> accepted) =>
        [.. EvaluationItem.DefaultSeparators.Where(cut => !accepted.Any(names => names.Any(name => name.Contains(cut, StringComparison.Ordinal))))];

    private static IReadOnlyList<IReadOnlyList<string>> YesNo(JsonPlace place)
    {
        // Some editions wrap the word in a list.
        string answer = place.Member("exact_answer") is { ValueKind: JsonValueKind.String } ? place.RequiredText("exact_answer") : place.Alternatives("exact_answer")[0][0];
        return answer.ToLowerInvariant() is "yes" or "no" ? [[answer.ToLowerInvariant()]] : throw place.Problem("has an 'exact_answer' that is neither yes nor no");
    }

    /// <summary>Names of the one entity that is asked for, given as a list of names, or as a list of such lists.</summary>
    private static IReadOnlyList<IReadOnlyList<string>> Factoid(JsonPlace place) =>
        place.Member("exact_answer") is { ValueKind: JsonValueKind.String } ? [[place.RequiredText("exact_answer")]] : [[.. place.Alternatives("exact_answer").SelectMany(names => names)]];

    private static IReadOnlyList<IReadOnlyList<string>> Ideal(JsonPlace place) =>
        place.Member("ideal_answer") is { ValueKind: JsonValueKind.String } ? [[place.RequiredText("ideal_answer")]]
            : [place.Texts("ideal_answer") ?? throw place.Problem("lacks 'ideal_answer'")];
}
