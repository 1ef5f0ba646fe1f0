using CoLlm.Inference;
using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Experts;

/// <summary>
/// An expert on an inference engine in this process: for evaluation, and as the yardstick for experts behind a wire. Owns its engine
/// session, which it opens when first needed.
/// </summary>
/// <param name="name">As requests call the expert.</param>
/// <param name="engine">The expert's engine.</param>
/// <param name="usableVocabularySize">Ids at or above are left out of every distribution.</param>
/// <param name="maxTokens">Longest the sequence will get.</param>
/// <param name="time">Measures patience.</param>
public sealed class EngineExpertSession(string name, InferenceEngine engine, int usableVocabularySize, int maxTokens, TimeProvider time)
    : IExpertSession, IAsyncDisposable
{
    private readonly OutputReducer _reducer = new(usableVocabularySize);
    private InferenceSession? _session;
    private Task? _prefill;
    private Half[] _halfLogits = [];
    private float[] _scratch = [];
    private int _passCount;
    private int _computedTokenCount;

    public string Name => name;

    public ExpertCost Cost => new(_passCount, _computedTokenCount, 0, 0, 0);

    /// <summary>Starts on all tokens but the last: the first ask brings that one, and so gets logits without computing a token twice.</summary>
    public void Prepare(TokenHistory history)
    {
        _session ??= engine.TryOpenSession(maxTokens, out _);
        if (_session is null || _prefill is not null || history.Length < 2)
            return;
        ReadOnlyMemory<int> known = history.From(0)[..^1];
        try
        {
            _prefill = _session.AdvanceAsync(known, WantedPositions.None).AsTask();
            Count(known.Length);
        }
        catch (SessionFailedException)
        {
            Lose();
        }
    }

    /// <summary>Does nothing: in one process tokens are handed over with the ask that needs them.</summary>
    public void Follow(TokenHistory history)
    {
    }

    /// <inheritdoc/>
    public async ValueTask<ExpertAnswer> AskAsync(TokenHistory history, ExpertQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            if (_prefill is { } prefill)
                await prefill.WaitAsync(cancellationToken).ConfigureAwait(false);
            _session ??= await OpenAsync(question.Patience, cancellationToken).ConfigureAwait(false);
            if (_session is null)
                return ExpertAnswer.Failed(ExpertOutcome.Overloaded);

            ReadOnlyMemory<int> missing = history.From(_session.Length);
            Count(missing.Length);
            AdvanceResult result = await _session.AdvanceAsync(missing, WantedPositions.Last, Reduction(question), cancellationToken).ConfigureAwait(false);
            return Answer(result, question);
        }
        catch (Exception exception) when (exception is SessionFailedException or EngineRefusedException)
        {
            Lose();
            return ExpertAnswer.Failed(ExpertOutcome.Unavailable);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _session?.Dispose();
        if (_prefill is { } prefill)
            await prefill.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>The next ask opens a session afresh and brings the whole history.</summary>
    private void Lose()
    {
        _session?.Dispose();
        (_session, _prefill) = (null, null);
    }

    private async ValueTask<InferenceSession?> OpenAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        if (engine.TryOpenSession(maxTokens, out EngineRefusal refusal) is { } session)
            return session;
        if (refusal.IsPermanent || patience <= TimeSpan.Zero)
            return null;
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            return await engine.OpenSessionAsync(maxTokens, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private OutputReduction Reduction(ExpertQuestion question) =>
        question.Form == ExpertAnswerForm.Token ? OutputReduction.Token(question.Sampling, usableVocabularySize) : OutputReduction.None;

    private ExpertAnswer Answer(in AdvanceResult result, ExpertQuestion question)
    {
        if (question.Form == ExpertAnswerForm.Token)
            return ExpertAnswer.Of(_reducer.Token(result));
        if (_halfLogits.Length == 0)
            (_halfLogits, _scratch) = (new Half[usableVocabularySize], new float[usableVocabularySize]);
        HalfLogits.Round(result.Logits()[..usableVocabularySize], _halfLogits, _scratch);
        return ExpertAnswer.Of(_halfLogits);
    }

    private void Count(int tokenCount)
    {
        _passCount++;
        _computedTokenCount += tokenCount;
    }
}
