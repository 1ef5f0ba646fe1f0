using CoLlm.Decoding.Experts;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Tests.Scripted;

/// <summary>An expert session on a scripted model that records what happens to it and can be told to fail.</summary>
internal sealed class ScriptedExpert(string name, ScriptedModel model, int usableVocabularySize) : IExpertSession
{
    private readonly TokenSampler _sampler = new(model.VocabularySize);

    public string Name => name;

    public ExpertCost Cost => new(Questions.Count, Questions.Count * 10, 0, 0, 0);

    public List<ExpertQuestion> Questions { get; } = [];

    public List<int> FollowedLengths { get; } = [];

    public int PrepareCount { get; private set; }

    /// <summary>How the ask of this index ends.</summary>
    public Func<int, ExpertOutcome> Outcome { get; init; } = _ => ExpertOutcome.Answered;

    /// <summary>Changes an answer before it is given.</summary>
    public Func<ExpertAnswer, ExpertAnswer> Distort { get; init; } = answer => answer;

    public bool IsAsynchronous { get; init; }

    public void Prepare(TokenHistory history) => PrepareCount++;

    public void Follow(TokenHistory history) => FollowedLengths.Add(history.Length);

    public async ValueTask<ExpertAnswer> AskAsync(TokenHistory history, ExpertQuestion question, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (IsAsynchronous)
            await Task.Yield();
        Questions.Add(question);
        ExpertOutcome outcome = Outcome(Questions.Count - 1);
        return outcome == ExpertOutcome.Answered ? Distort(Answer(history, question)) : ExpertAnswer.Failed(outcome);
    }

    private ExpertAnswer Answer(TokenHistory history, ExpertQuestion question)
    {
        float[] logits = model.Logits(history.TokenIds)[..usableVocabularySize];
        if (question.Form == ExpertAnswerForm.Token)
            return ExpertAnswer.Of(_sampler.Sample(logits, question.Sampling, history.TokenIds, history.Length));
        var halves = new Half[logits.Length];
        HalfLogits.Round(logits, halves, new float[logits.Length]);
        return ExpertAnswer.Of(halves);
    }
}
