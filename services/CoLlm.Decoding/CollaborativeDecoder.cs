using System.Runtime.CompilerServices;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding;

/// <summary>
/// Writes one answer with a base model and its experts. For every token:
/// <list type="number">
/// <item>the base advances by the newest tokens: hidden state of the next position, and its logits or the token drawn from them;</item>
/// <item>the swap head scores the hidden state: how probable it is that an expert should write;</item>
/// <item>the policy decides, with a reason: base, or expert k;</item>
/// <item>the base's token is taken, or the expert is asked once;</item>
/// <item>the token is committed to the history, the only source of truth, and the experts follow it;</item>
/// <item>it is emitted to the client, unless it may begin a stop string.</item>
/// </list>
/// One instance serves one request.
/// </summary>
public sealed class CollaborativeDecoder
{
    private readonly DecodingRequest _request;
    private readonly DecodingModels _models;
    private readonly DeferralPolicy _policy;
    private readonly TokenHistory _history;
    private readonly DecodingTally _tally;
    private readonly TokenWriter _writer;
    private readonly TokenRelease _release;
    private readonly float[] _expertProbabilities;
    private readonly bool[] _isOpened;
    private readonly OutputReduction _reduction;
    private int _baseLength;

    /// <param name="request">What to write; <see cref="DecodingRequest.FindProblem"/> has found none.</param>
    /// <param name="models">Who writes it.</param>
    /// <param name="text">Turns its tokens into text.</param>
    /// <param name="sink">Receives its tokens.</param>
    /// <param name="time">Measures the stages.</param>
    /// <exception cref="ArgumentException">The request has a problem, or the models do not belong together.</exception>
    public CollaborativeDecoder(DecodingRequest request, DecodingModels models, ITokenText text, ITokenSink sink, TimeProvider time)
    {
        if (request.FindProblem(models.Experts.Count, models.SwapHead is not null) is { } problem)
            throw new ArgumentException(problem, nameof(request));
        if (models.SwapHead is { } head && head.ExpertCount != models.Experts.Count)
            throw new ArgumentException($"The swap head reports on {head.ExpertCount} experts, not {models.Experts.Count}.", nameof(models));
        if (models.Base is null && request.Mode != DecodingMode.ExpertOnly)
            throw new ArgumentException("The mode needs the base.", nameof(models));

        _request = request;
        _models = models;
        _policy = PolicyOf(request, models.Experts.Count);
        _history = new TokenHistory(request.Prompt.Span, Math.Min(request.MaxNewTokens, request.MaxSequenceTokens - request.Prompt.Length));
        _tally = new DecodingTally(time, models.Experts);
        _writer = new TokenWriter(request, models.Experts, _history, _tally);
        _release = new TokenRelease(text, request.Stop.Strings, sink);
        _reduction = request.Mode == DecodingMode.Compose ? OutputReduction.None : OutputReduction.Token(request.Sampling, request.UsableVocabularySize);
        _expertProbabilities = new float[models.Experts.Count];
        _isOpened = new bool[models.Experts.Count];
    }

    /// <summary>The agreed tokens, prompt and answer.</summary>
    public TokenHistory History => _history;

    /// <summary>Writes the answer; to be called once.</summary>
    /// <param name="shutdown">Ends the answer after the token at hand, in good order.</param>
    /// <param name="cancellationToken">Drops the answer: the client is gone.</param>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public async Task<DecodingSummary> DecodeAsync(CancellationToken shutdown, CancellationToken cancellationToken)
    {
        OpenAhead();
        while (!shutdown.IsCancellationRequested)
        {
            // 1: base step.
            BaseStep step = default;
            if (_request.Mode != DecodingMode.ExpertOnly)
            {
                step = await AdvanceBaseAsync(cancellationToken);
                if (step.Outcome != BaseOutcome.Computed)
                    return await FinishAsync(FinishReason.BaseFailed, cancellationToken);
            }

            // 2: swap head.
            SwapScore? score = Score(step);

            // 3: policy.
            DeferralDecision decision = Decide(score);

            // 4: base or expert.
            MarkOpened(decision);
            TokenEvent? written = await _writer.WriteAsync(step, score, decision, _expertProbabilities, cancellationToken);
            if (written is not { } token)
                return await FinishAsync(FinishReason.ExpertUnavailable, cancellationToken);

            // 5: commit.
            Commit(token);

            // 6: emit.
            FinishReason? finishReason = await EmitAsync(token, cancellationToken);
            if (finishReason is { } reason)
                return Summarise(reason);
        }

        return await FinishAsync(FinishReason.Shutdown, cancellationToken);
    }

    private static DeferralPolicy PolicyOf(DecodingRequest request, int expertCount) => request.Mode switch
    {
        DecodingMode.Defer when expertCount > 0 => request.Policy,
        DecodingMode.ExpertOnly => new FixedPolicy(0),
        _ => new FixedPolicy(null),
    };

    /// <summary>
    /// Lets experts that will surely or likely be asked take in the prompt while the base does. Among several, which one will be asked
    /// is not known yet.
    /// </summary>
    private void OpenAhead()
    {
        int ahead = _request.Mode switch
        {
            DecodingMode.Compose => _models.Experts.Count,
            DecodingMode.ExpertOnly or DecodingMode.MoreConfident => 1,
            DecodingMode.Defer when _models.Experts.Count == 1 && _policy.MayDefer => 1,
            _ => 0,
        };
        for (int expert = 0; expert < ahead; expert++)
        {
            _isOpened[expert] = true;
            _models.Experts[expert].Prepare(_history);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<BaseStep> AdvanceBaseAsync(CancellationToken cancellationToken)
    {
        ReadOnlyMemory<int> newest = _history.From(_baseLength);
        long since = _tally.Now;
        BaseStep step = await _models.Base!.AdvanceAsync(newest, _reduction, cancellationToken);
        _tally.CountBaseStep(step.Outcome, newest.Length, since);
        _baseLength = _history.Length;
        return step;
    }

    private SwapScore? Score(BaseStep step) =>
        _models.SwapHead is { } head && _request.Mode != DecodingMode.ExpertOnly
            ? head.Score(step.HiddenState.Span, _expertProbabilities)
            : null;

    private DeferralDecision Decide(SwapScore? score) => _policy.Decide(new DeferralInput(
        Step: _history.Length - _history.PromptLength,
        Position: _history.Length,
        DeferralProbability: score?.DeferralProbability ?? 0f,
        ExpertIndex: score?.ExpertIndex ?? 0,
        DeferralCount: _tally.DeferralCount));

    private void MarkOpened(DeferralDecision decision)
    {
        if (decision.ExpertIndex is { } expert)
            _isOpened[expert] = true;
    }

    private void Commit(in TokenEvent token)
    {
        _history.Commit(token.TokenId);
        _tally.CountToken(token);
        for (int expert = 0; expert < _isOpened.Length; expert++)
        {
            if (_isOpened[expert])
                _models.Experts[expert].Follow(_history);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FinishReason?> EmitAsync(TokenEvent token, CancellationToken cancellationToken)
    {
        FinishReason? reason = FinishReasonOf(token.TokenId);
        bool isText = reason is not (FinishReason.EndOfSequence or FinishReason.StopToken);
        await _release.AddAsync(token, isText, isLast: reason is not null, cancellationToken);
        return _release.StopString is null ? reason : FinishReason.StopString;
    }

    private FinishReason? FinishReasonOf(int tokenId)
    {
        if (_request.Stop.EndOfSequenceIds.Contains(tokenId))
            return FinishReason.EndOfSequence;
        if (_request.Stop.TokenIds.Contains(tokenId))
            return FinishReason.StopToken;
        if (_history.Length - _history.PromptLength >= _request.MaxNewTokens)
            return FinishReason.MaxTokens;
        return _history.Length >= _request.MaxSequenceTokens ? FinishReason.ContextFull : null;
    }

    private async ValueTask<DecodingSummary> FinishAsync(FinishReason reason, CancellationToken cancellationToken)
    {
        await _release.ReleaseAllAsync(cancellationToken);
        return Summarise(reason);
    }

    private DecodingSummary Summarise(FinishReason reason) => _tally.Summarise(reason, _release.StopString, _history.PromptLength);
}
