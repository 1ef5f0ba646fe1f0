using CoLlm.Evaluation.Metrics;
using CoLlm.Evaluation.Tasks;

namespace CoLlm.Cli.Demo;

/// <summary>Something to ask, with what is known about its right answer.</summary>
/// <param name="Text">The question.</param>
/// <param name="Known">How answers are judged; null: they are not.</param>
internal sealed record DemoQuestion(string Text, EvaluationItem? Known)
{
    /// <summary>What <see cref="Judge"/> says of an answer without a mistake.</summary>
    public const string Right = "right";

    /// <summary>The questions given, or else the demo's own.</summary>
    /// <exception cref="DemoException">None are given and the demo's own are not there.</exception>
    /// <exception cref="Evaluation.EvaluationException">Their file is malformed.</exception>
    public static IReadOnlyList<DemoQuestion> Choose(IReadOnlyList<string> given, string file)
    {
        bool hasOwn = File.Exists(file);
        if (given.Count == 0 && !hasOwn)
            throw new DemoException($"{file} does not exist; ask something with --question.");
        IReadOnlyList<EvaluationItem> own = hasOwn ? TaskFile.Read(file) : [];
        return given.Count == 0
            ? [.. own.Select(item => new DemoQuestion(item.Question, item))]
            : [.. given.Select(text => new DemoQuestion(text, own.FirstOrDefault(item => item.Question == text)))];
    }

    /// <summary>Whether an answer is right, in a word or two; null where that is not known.</summary>
    public string? Judge(string answer) => Known is null ? null : Scorer.Score(Known, answer).Score.Value switch
    {
        1 => Right,
        0 => "wrong",
        double score => FormattableString.Invariant($"partly right (F1 {score:0.00})"),
    };
}
