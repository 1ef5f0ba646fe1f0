using CoLlm.Decoding;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Stopping;
using CoLlm.Inference;
using CoLlm.Router.Experts;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Router.Api;

/// <summary>
/// Everything one answer holds while it is written: a session of the base, one of each expert, and the decoder over them. Disposing
/// it frees the KV blocks here and cancels the work at the experts.
/// </summary>
internal sealed class AnswerRun : IDisposable
{
    private readonly GenerationPlan _plan;
    private readonly EngineBaseSession? _base;
    private readonly RemoteExpertSession[] _experts;
    private readonly TimeProvider _time;

    /// <param name="plan">The request.</param>
    /// <param name="baseSession">With room for it; null where the mode does not run the base.</param>
    /// <param name="time">Measures stages and waits.</param>
    /// <param name="shutdown">Ends the answer in good order.</param>
    public AnswerRun(GenerationPlan plan, InferenceSession? baseSession, TimeProvider time, CancellationToken shutdown)
    {
        _plan = plan;
        _time = time;
        _base = baseSession is null ? null : new EngineBaseSession(baseSession, plan.Request.UsableVocabularySize);
        _experts = [.. plan.Experts.Select(expert => new RemoteExpertSession(expert, plan.TermsFor(expert), time, shutdown))];
    }

    public Task<DecodingSummary> DecodeAsync(ITokenSink sink, CancellationToken shutdown, CancellationToken cancellationToken)
    {
        var decoder = new CollaborativeDecoder(
            _plan.Request,
            new DecodingModels(_base, _plan.SwapHead, _experts),
            new TokenizerText(_plan.Model.Base.Tokenizer, _plan.Request.Prompt.Span),
            sink,
            _time);
        return decoder.DecodeAsync(shutdown, cancellationToken);
    }

    /// <summary>Why the answer ended as it did; null where it ended well.</summary>
    public V1.Failure? FailureOf(DecodingSummary summary) => summary.FinishReason switch
    {
        FinishReason.BaseFailed => AnswerMessages.ToMessage(summary.BaseOutcome),
        FinishReason.ExpertUnavailable => _experts.Select(expert => expert.LastFailure).OfType<StreamFailure>().LastOrDefault() is { } failure
            ? AnswerMessages.ToMessage(failure)
            : AnswerMessages.Failure(V1.FailureReason.ExpertUnavailable, $"The expert's answer was unusable: {summary.ExpertOutcome}."),
        _ => null,
    };

    public void Dispose()
    {
        foreach (RemoteExpertSession expert in _experts)
            expert.Dispose();
        _base?.Dispose();
    }
}
