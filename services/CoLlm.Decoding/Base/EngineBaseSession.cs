using CoLlm.Inference;
using CoLlm.Inference.Failures;

namespace CoLlm.Decoding.Base;

/// <summary>The base model on an inference engine in this process. Owns its engine session: disposing it frees the KV blocks.</summary>
/// <param name="session">A new session with room for prompt and answer.</param>
/// <param name="usableVocabularySize">Logits of ids below this are handed on.</param>
/// <param name="hiddenSize">Width of the model's hidden state.</param>
public sealed class EngineBaseSession(InferenceSession session, int usableVocabularySize, int hiddenSize) : IBaseSession, IDisposable
{
    private readonly float[] _logits = new float[usableVocabularySize];
    private readonly float[] _hiddenState = new float[hiddenSize];

    /// <inheritdoc/>
    public async ValueTask<BaseStep> AdvanceAsync(ReadOnlyMemory<int> tokenIds, CancellationToken cancellationToken)
    {
        try
        {
            AdvanceResult result = await session.AdvanceAsync(tokenIds, WantedPositions.Last, cancellationToken).ConfigureAwait(false);
            result.Logits()[..usableVocabularySize].CopyTo(_logits);
            result.HiddenState().CopyTo(_hiddenState);
            return new BaseStep(BaseOutcome.Computed, _logits, _hiddenState);
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
