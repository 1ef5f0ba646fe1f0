using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Training.Scoring;
using Grpc.Core;
using ScoreRequest = CoLlm.Protocol.V1.ScoreRequest;

namespace CoLlm.Training.Remote;

/// <summary>
/// Scores with an expert service: sequences go, two numbers a token come back. What a lost stream had answered completely stays; the
/// rest is asked again over another one.
/// </summary>
/// <param name="expert">Owned.</param>
/// <param name="terms">What every stream opens with.</param>
internal sealed class RemoteTokenScorer(RemoteExpert expert, ScoreOpen terms) : ITokenScorer
{
    /// <summary>Most sequences unanswered, whatever the service allows.</summary>
    private const int MaxPending = 64;

    public async Task<IReadOnlyList<TokenScores>> ScoreAsync(IReadOnlyList<Scoring.ScoreRequest> sequences, CancellationToken cancellationToken)
    {
        ScoresInProgress[] scores = [.. sequences.Select(sequence => new ScoresInProgress(sequence))];
        await expert.BearAsync(token => ScoreRestAsync(scores, token), cancellationToken);
        return [.. scores.Select(entry => entry.ToScores())];
    }

    public ValueTask DisposeAsync()
    {
        expert.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>One stream: asks for what is not complete and reads until everything is.</summary>
    private async Task<bool> ScoreRestAsync(ScoresInProgress[] scores, CancellationToken cancellationToken)
    {
        Queue<int> rest = new(Enumerable.Range(0, scores.Length).Where(i => !scores[i].IsComplete));
        foreach (int i in rest)
            scores[i].Restart();
        using AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call = expert.Client.Score(cancellationToken: cancellationToken);
        ScoreOpened opened = await RemoteExpert.OpenAsync(call, terms, cancellationToken);
        int most = Math.Clamp(opened.MaxPendingSequences, 1, MaxPending);
        for (int pending = 0; pending > 0 || rest.Count > 0;)
        {
            for (; pending < most && rest.TryDequeue(out int next); pending++)
                await RemoteExpert.SendAsync(call, Message(next, scores[next].Request), cancellationToken);
            if (!await call.ResponseStream.MoveNext(cancellationToken))
                throw new RemoteFailureException($"it ended the stream with {pending} sequences unanswered", isPassing: true);
            if (Take(call.ResponseStream.Current, scores))
                pending--;
            expert.Advanced();
        }

        await RemoteExpert.EndAsync(call, cancellationToken);
        return true;
    }

    /// <summary>Takes one answer in.</summary>
    /// <returns>True: it completes its sequence.</returns>
    private static bool Take(ScoreResponse response, ScoresInProgress[] scores)
    {
        switch (response.MessageCase)
        {
            case ScoreResponse.MessageOneofCase.Scores:
                SequenceScores part = response.Scores;
                ScoresInProgress sequence = Find(part.SequenceId, scores);
                if (sequence.TryAdd(part) is { } problem)
                    throw new RemoteFailureException($"it broke the protocol: {problem}", isPassing: false);
                return sequence.IsComplete;
            case ScoreResponse.MessageOneofCase.Refused:
                _ = Find(response.Refused.SequenceId, scores);
                Failure failure = response.Refused.Failure ?? new Failure();
                throw new RemoteFailureException($"{failure.Message.TrimEnd('.')} ({failure.Reason.Name()})", failure.Reason.IsTransient());
            default:
                throw new RemoteFailureException($"it broke the protocol: a {response.MessageCase} among the scores", isPassing: false);
        }
    }

    private static ScoresInProgress Find(long id, ScoresInProgress[] scores) => id >= 0 && id < scores.Length && !scores[id].IsComplete
        ? scores[id]
        : throw new RemoteFailureException($"it broke the protocol: it answers sequence {id}, which is not open", isPassing: false);

    private static ScoreRequest Message(int id, Scoring.ScoreRequest request) => new()
    {
        Sequence = new ScoreSequence { SequenceId = id, Tokens = { request.TokenIds }, FirstPosition = request.FirstPosition },
    };
}
