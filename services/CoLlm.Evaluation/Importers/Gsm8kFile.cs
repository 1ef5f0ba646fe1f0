using CoLlm.Evaluation.Extraction;
using CoLlm.Evaluation.Metrics;
using CoLlm.Evaluation.Tasks;

namespace CoLlm.Evaluation.Importers;

/// <summary>
/// Reads GSM8K as published: JSON lines with <c>question</c> and <c>answer</c>, whose result stands after <c>####</c>.
/// </summary>
public static class Gsm8kFile
{
    private const string ResultMark = "####";

    /// <exception cref="EvaluationException">Something is wrong with the file; file and line are named.</exception>
    public static IReadOnlyList<EvaluationItem> Read(string path)
    {
        List<EvaluationItem> items = [];
        foreach (JsonPlace line in InputFile.Lines(path))
        {
            string answer = line.RequiredText("answer");
            int mark = answer.LastIndexOf(ResultMark, StringComparison.Ordinal);
            string result = mark < 0 ? "" : answer[(mark + ResultMark.Length)..].Trim();
            if (ExactNumber.TryParse(result) is null)
                throw line.Problem($"has an 'answer' without a number after {ResultMark}");
            items.Add(new EvaluationItem(
                $"gsm8k/{items.Count + 1}", "gsm8k", line.RequiredText("question"), MetricKind.Numeric, [[result]], AnswerExtractor.LastNumberRule, EvaluationItem.DefaultSeparators));
        }

        return items.Count > 0 ? items : throw new EvaluationException($"{path}: it holds no item.");
    }
}
