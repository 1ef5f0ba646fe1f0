namespace CoLlm.Evaluation.Systems;

/// <summary>Something that answers questions: a model alone, or several together. May be asked several questions at once.</summary>
public interface ISystemUnderTest
{
    /// <summary>Answers a question greedily; the same question always gets the same answer.</summary>
    /// <exception cref="EvaluationException">The question does not fit, or a model failed.</exception>
    Task<SystemAnswer> AnswerAsync(string question, CancellationToken cancellationToken);
}
