using System.Runtime.CompilerServices;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding;

/// <summary>Writes the token that a decision calls for: takes the base's, asks an expert, or mixes them.</summary>
internal sealed class TokenWriter(
    DecodingRequest request, IReadOnlyList<IExpertSession> experts, TokenHistory history, DecodingTally tally)
{
    private readonly Mixture? _mixture = request.Mode == DecodingMode.Compose ? new Mixture(request.UsableVocabularySize) : null;
    private readonly Task<ExpertAnswer>[] _pending = new Task<ExpertAnswer>[experts.Count];
    private readonly TimeSpan _patience = request.WhenExpertUnavailable == WhenExpertUnavailable.Wait ? request.ExpertPatience : TimeSpan.Zero;
    private TokenSampler? _sampler; // Large, and of no use where the base's device and the experts draw.

    /// <summary>Writes the token at the end of the history.</summary>
    /// <returns>The token, without text; null where an expert was needed, none answered, and the base may not stand in.</returns>
    public ValueTask<TokenEvent?> WriteAsync(
        BaseStep step, SwapScore? score, DeferralDecision decision, float[] expertProbabilities, CancellationToken cancellationToken)
    {
        float? probability = score?.DeferralProbability;
        return request.Mode switch
        {
            DecodingMode.Compose => ComposeAsync(step, probability, decision, expertProbabilities, cancellationToken),
            DecodingMode.MoreConfident => WriteByMoreConfidentAsync(step, probability, cancellationToken),
            _ when decision.ExpertIndex is { } expert => WriteByExpertAsync(step, expert, probability, decision, cancellationToken),
            _ => new ValueTask<TokenEvent?>(WriteByBase(step, probability, decision, isFallback: false)),
        };
    }

    private TokenEvent WriteByBase(BaseStep step, float? probability, DeferralDecision decision, bool isFallback) =>
        Event(Draw(step), TokenOrigin.Base, probability, decision.Reason) with
        {
            IsContested = isFallback || request.Contested.IsUnsure(probability, decision),
            IsFallback = isFallback,
        };

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<TokenEvent?> WriteByExpertAsync(
        BaseStep step, int expert, float? probability, DeferralDecision decision, CancellationToken cancellationToken)
    {
        ValueTask<ExpertAnswer> pending = Ask(expert, ExpertAnswerForm.Token, cancellationToken);

        // The base's own choice is found while the expert works.
        int? baseChoice = step.HasToken ? Choice(step) : null;
        ExpertAnswer answer = await AwaitAsync(expert, ExpertAnswerForm.Token, pending);
        if (answer.Outcome != ExpertOutcome.Answered)
            return StandIn(step, probability, decision);
        return Event(answer.Token, TokenOrigin.Expert, probability, decision.Reason) with
        {
            ExpertIndex = expert,
            AgreesWithBase = baseChoice is { } own ? own == answer.Token.TokenId : null,
            IsContested = (baseChoice is { } choice && choice != answer.Token.ArgmaxTokenId)
                || request.Contested.IsUnsure(probability, decision),
        };
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<TokenEvent?> WriteByMoreConfidentAsync(BaseStep step, float? probability, CancellationToken cancellationToken)
    {
        var decision = new DeferralDecision(0, DeferralReason.MoreConfident);
        ValueTask<ExpertAnswer> pending = Ask(0, ExpertAnswerForm.Token, cancellationToken);
        SampledToken own = Draw(step);
        ExpertAnswer answer = await AwaitAsync(0, ExpertAnswerForm.Token, pending);
        if (answer.Outcome != ExpertOutcome.Answered)
            return StandIn(step, probability, decision);
        bool isExpertSurer = answer.Token.LogProbability > own.LogProbability;
        return Event(isExpertSurer ? answer.Token : own, isExpertSurer ? TokenOrigin.Expert : TokenOrigin.Base, probability, decision.Reason) with
        {
            AgreesWithBase = isExpertSurer ? own.ArgmaxTokenId == answer.Token.TokenId : null,
            IsContested = own.ArgmaxTokenId != answer.Token.ArgmaxTokenId,
        };
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<TokenEvent?> ComposeAsync(
        BaseStep step, float? probability, DeferralDecision decision, float[] expertProbabilities, CancellationToken cancellationToken)
    {
        for (int expert = 0; expert < experts.Count; expert++)
            _pending[expert] = Ask(expert, ExpertAnswerForm.Logits, cancellationToken).AsTask();

        float baseShare = 1f;
        foreach (float share in expertProbabilities)
            baseShare -= share;
        _mixture!.Start(Usable(step), Math.Max(baseShare, 0f));
        int baseChoice = VocabularyScan.Argmax(Usable(step));
        bool isContested = false;
        bool isComplete = true;
        for (int expert = 0; expert < experts.Count; expert++)
        {
            ExpertAnswer answer = await AwaitAsync(expert, ExpertAnswerForm.Logits, new ValueTask<ExpertAnswer>(_pending[expert]));
            isComplete &= answer.Outcome == ExpertOutcome.Answered;
            if (answer.Outcome == ExpertOutcome.Answered)
                isContested |= _mixture.Add(answer.Logits.Span, expertProbabilities[expert]) != baseChoice;
        }

        if (!isComplete)
            return StandIn(step, probability, decision);
        SampledToken drawn = Draw(_mixture.LogProbabilities());
        return Event(drawn, TokenOrigin.Composed, probability, decision.Reason) with { IsContested = isContested };
    }

    /// <summary>What to do without the expert is the request's choice. Without a base step there is nothing to stand in.</summary>
    private TokenEvent? StandIn(BaseStep step, float? probability, DeferralDecision decision) =>
        request.WhenExpertUnavailable == WhenExpertUnavailable.Base && step.HasToken
            ? WriteByBase(step, probability, decision, isFallback: true)
            : null;

    private ValueTask<ExpertAnswer> Ask(int expert, ExpertAnswerForm form, CancellationToken cancellationToken) =>
        experts[expert].AskAsync(history, new ExpertQuestion(form, request.Sampling, _patience), cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExpertAnswer> AwaitAsync(int expert, ExpertAnswerForm form, ValueTask<ExpertAnswer> pending)
    {
        long since = tally.Now;
        ExpertAnswer answer = await pending;
        if (answer.Outcome == ExpertOutcome.Answered && !IsUsable(answer, form))
            answer = ExpertAnswer.Failed(ExpertOutcome.Unsupported);
        tally.CountExpertCall(expert, answer.Outcome, since);
        return answer;
    }

    /// <summary>An id outside the shared vocabulary would be decoded into nonsense; it can only come from an expert that does not fit.</summary>
    private bool IsUsable(in ExpertAnswer answer, ExpertAnswerForm form) => form == ExpertAnswerForm.Token
        ? (uint)answer.Token.TokenId < (uint)request.UsableVocabularySize
        : answer.Logits.Length == request.UsableVocabularySize;

    private ReadOnlySpan<float> Usable(BaseStep step) => step.Logits.Span[..request.UsableVocabularySize];

    private int Choice(BaseStep step) => step.Drawn?.ArgmaxTokenId ?? VocabularyScan.Argmax(Usable(step));

    private SampledToken Draw(BaseStep step) => step.Drawn ?? Draw(Usable(step));

    private SampledToken Draw(ReadOnlySpan<float> logits) =>
        (_sampler ??= new TokenSampler(request.UsableVocabularySize)).Sample(logits, request.Sampling, history.TokenIds, history.Length);

    private TokenEvent Event(SampledToken token, TokenOrigin origin, float? probability, DeferralReason reason) => new()
    {
        TokenId = token.TokenId,
        Text = "",
        Position = history.Length,
        Origin = origin,
        DeferralProbability = probability,
        LogProbability = token.LogProbability,
        Reason = reason,
    };
}
