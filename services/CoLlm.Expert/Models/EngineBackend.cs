using System.Collections.Concurrent;
using CoLlm.Expert.Scoring;
using CoLlm.Expert.Sessions;
using CoLlm.Inference;
using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Models;

/// <summary>The engine of this process, with the buffers that its answers are made in.</summary>
/// <param name="engine">Owned.</param>
/// <param name="checkpoint">What the engine reads its weights from; owned.</param>
/// <param name="limits">The process's bounds.</param>
internal sealed class EngineBackend(InferenceEngine engine, IDisposable checkpoint, SessionLimits limits) : IModelBackend
{
    private readonly ConcurrentBag<AnswerScratch> _scratch = [];

    public BackendLimits Limits { get; } = new("the engine", TopTokens: null, limits.MaxPositionsPerAsk, ScoringProblem: null);

    public InferenceEngine Engine => engine;

    public ISequence? TryOpen(int maxTokens, int usableVocabularySize, out BackendRefusal? refusal)
    {
        InferenceSession? session = engine.TryOpenSession(maxTokens, out EngineRefusal bound);
        refusal = session is null ? new BackendRefusal(FaultOf(bound), bound.IsPermanent) : null;
        return session is null ? null : new EngineSequence(session, this, usableVocabularySize, limits.MaxPositionsPerAsk);
    }

    public int CountHeldPrefix(ReadOnlySpan<int> tokens) => engine.CountSharedPrefix(tokens);

    public Task ScoreAsync(
        ReadOnlyMemory<int> tokens, int firstPosition, int usableVocabularySize, Func<SequenceScores, Task> write, CancellationToken cancellationToken) =>
        new EngineScorer(this, usableVocabularySize).ScoreAsync(tokens, firstPosition, write, cancellationToken);

    /// <summary>Borrows buffers of the vocabulary's size; there are never more of them than answers being made at the same time.</summary>
    public AnswerScratch RentScratch() => _scratch.TryTake(out AnswerScratch? scratch) ? scratch : new AnswerScratch(engine.Config.VocabularySize);

    public void Return(AnswerScratch scratch) => _scratch.Add(scratch);

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        checkpoint.Dispose();
    }

    private SessionFault FaultOf(EngineRefusal refusal) => refusal.Bound switch
    {
        EngineBound.Stopped => new SessionFault(FailureReason.Draining, refusal.ToString()),
        EngineBound.ContextLength => new SessionFault(FailureReason.OutputTooLong, refusal.ToString()),
        EngineBound.KvBlocks when refusal.IsPermanent => new SessionFault(FailureReason.KvPoolExhausted, refusal.ToString()),
        EngineBound.KvBlocks => new SessionFault(FailureReason.KvPoolExhausted, refusal.ToString(), RetryAfter: limits.RetryAfter),
        _ => new SessionFault(FailureReason.TooManySessions, refusal.ToString(), RetryAfter: limits.RetryAfter),
    };
}

/// <summary>Buffers for one answer at a time.</summary>
internal sealed class AnswerScratch(int vocabularySize)
{
    public OutputReducer Reducer { get; } = new(vocabularySize);

    /// <summary><c>[vocabulary]</c></summary>
    public float[] Floats => field ??= new float[vocabularySize];

    /// <summary><c>[vocabulary]</c></summary>
    public Half[] Halves => field ??= new Half[vocabularySize];
}
