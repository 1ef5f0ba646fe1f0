using System.Runtime.CompilerServices;
using CoLlm.Inference;
using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Base;

/// <summary>
/// The base model on an inference engine in this process. A device that draws tokens does; otherwise the logits are handed on, so that they
/// are drawn from only where the base writes. Owns its engine session: disposing it frees the KV blocks.
/// </summary>
/// <param name="session">A new session with room for prompt and answer.</param>
/// <param name="usableVocabularySize">Logits of ids below this are handed on.</param>
public sealed class EngineBaseSession(InferenceSession session, int usableVocabularySize) : IBaseSession, IDisposable
{
    private readonly OutputReducer _reducer = new(usableVocabularySize);

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<BaseStep> AdvanceAsync(ReadOnlyMemory<int> tokenIds, OutputReduction reduction, CancellationToken cancellationToken)
    {
        try
        {
            AdvanceResult result = await session.AdvanceAsync(tokenIds, WantedPositions.Last, reduction, cancellationToken).ConfigureAwait(false);
            if (result.IsReduced)
                return new BaseStep(BaseOutcome.Computed, default, result.HiddenStateMemory()) { Drawn = _reducer.Token(result) };
            return new BaseStep(BaseOutcome.Computed, result.LogitsMemory()[..usableVocabularySize], result.HiddenStateMemory());
        }
        catch (SessionFailedException exception)
        {
            return BaseStep.Failed(exception.Failure switch
            {
                SessionFailure.NonFiniteActivation => BaseOutcome.NonFiniteLogits,
                SessionFailure.EngineStopped => BaseOutcome.EngineStopped,
                _ => BaseOutcome.BackendFault,
            });
        }
    }

    public void Dispose() => session.Dispose();
}
