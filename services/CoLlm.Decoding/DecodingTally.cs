using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;

namespace CoLlm.Decoding;

/// <summary>Counts and times of one answer while it is being written.</summary>
internal sealed class DecodingTally(TimeProvider time, IReadOnlyList<IExpertSession> experts)
{
    private static readonly int ReasonCount = Enum.GetValues<DeferralReason>().Length;

    private readonly long _start = time.GetTimestamp();
    private readonly int[] _reasons = new int[ReasonCount];
    private readonly int[] _expertTokens = new int[experts.Count];
    private readonly int[] _expertCalls = new int[experts.Count];
    private readonly int[] _failedExpertCalls = new int[experts.Count];
    private TimeSpan _toFirstToken;
    private TimeSpan _basePrefill;
    private TimeSpan _baseDecode;
    private TimeSpan _expertWait;
    private int _tokenCount;
    private int _baseTokens;
    private int _composedTokens;
    private int _contestedTokens;
    private int _fallbackTokens;
    private int _baseSteps;
    private int _baseComputedTokens;

    public int DeferralCount { get; private set; }

    public ExpertOutcome LastFailure { get; private set; }

    public BaseOutcome BaseOutcome { get; private set; }

    public long Now => time.GetTimestamp();

    public void CountBaseStep(BaseOutcome outcome, int tokenCount, long since)
    {
        BaseOutcome = outcome;
        TimeSpan elapsed = time.GetElapsedTime(since);
        if (_baseSteps++ == 0)
            _basePrefill = elapsed;
        else
            _baseDecode += elapsed;
        _baseComputedTokens += tokenCount;
    }

    public void CountExpertCall(int expertIndex, ExpertOutcome outcome, long since)
    {
        _expertWait += time.GetElapsedTime(since);
        _expertCalls[expertIndex]++;
        if (outcome == ExpertOutcome.Answered)
            return;
        _failedExpertCalls[expertIndex]++;
        LastFailure = outcome;
    }

    public void CountToken(in TokenEvent token)
    {
        if (_tokenCount++ == 0)
            _toFirstToken = time.GetElapsedTime(_start);
        _reasons[(int)token.Reason]++;
        _contestedTokens += token.IsContested ? 1 : 0;
        _fallbackTokens += token.IsFallback ? 1 : 0;
        switch (token.Origin)
        {
            case TokenOrigin.Base:
                _baseTokens++;
                break;
            case TokenOrigin.Composed:
                _composedTokens++;
                break;
            default:
                _expertTokens[token.ExpertIndex]++;
                DeferralCount++;
                break;
        }
    }

    public DecodingSummary Summarise(FinishReason finishReason, string? stopString, int promptTokenCount) => new()
    {
        FinishReason = finishReason,
        StopString = stopString,
        ExpertOutcome = finishReason == FinishReason.ExpertUnavailable ? LastFailure : ExpertOutcome.Answered,
        BaseOutcome = finishReason == FinishReason.BaseFailed ? BaseOutcome : BaseOutcome.Computed,
        PromptTokenCount = promptTokenCount,
        TokenCount = _tokenCount,
        BaseTokenCount = _baseTokens,
        ComposedTokenCount = _composedTokens,
        Experts = [.. experts.Select((expert, i) =>
            new ExpertUsage(expert.Name, _expertTokens[i], _expertCalls[i], _failedExpertCalls[i], expert.Cost))],
        ContestedTokenCount = _contestedTokens,
        FallbackTokenCount = _fallbackTokens,
        Reasons = Enum.GetValues<DeferralReason>().Where(reason => _reasons[(int)reason] > 0)
            .ToDictionary(reason => reason, reason => _reasons[(int)reason]),
        BaseStepCount = _baseSteps,
        BaseComputedTokenCount = _baseComputedTokens,
        Times = new DecodingTimes(time.GetElapsedTime(_start), _basePrefill, _baseDecode, _expertWait, _toFirstToken),
    };
}
