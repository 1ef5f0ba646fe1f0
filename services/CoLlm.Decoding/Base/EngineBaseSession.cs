using System.Runtime.CompilerServices;
using CoLlm.Inference;
using CoLlm.Inference.Failures;

namespace CoLlm.Decoding.Base;

/// <summary>The base model on an inference engine in this process. Owns its engine session: disposing it frees the KV blocks.</summary>
/// <param name="session">A new session with room for prompt and answer.</param>
/// <param name="usableVocabularySize">Logits of ids below this are handed on.</param>
public sealed class EngineBaseSession(InferenceSession session, int usableVocabularySize) : IBaseSession, IDisposable
{
    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<BaseStep> AdvanceAsync(ReadOnlyMemory<int> tokenIds, CancellationToken cancellationToken)
    {
        try
        {
            AdvanceResult result = await session.AdvanceAsync(tokenIds, WantedPositions.Last, cancellationToken).ConfigureAwait(false);
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
