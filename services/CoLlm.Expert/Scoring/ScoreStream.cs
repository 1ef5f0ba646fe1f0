using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Expert.Telemetry;
using CoLlm.Inference.Failures;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Expert.Scoring;

/// <summary>
/// Serves one Score call: several sequences side by side, so that the engine batches them; answers are written one at a time. At
/// most <see cref="SessionLimits.MaxPendingSequences"/> are taken in before one is answered.
/// </summary>
internal sealed class ScoreStream(ScoreTerms terms, SessionLimits limits, SessionMeasures measures, IServerStreamWriter<ScoreResponse> responses)
    : IDisposable
{
    private readonly SequenceScorer _scorer = new(terms);
    private readonly SemaphoreSlim _turn = new(1, 1);

    public async Task RunAsync(IAsyncStreamReader<ScoreRequest> requests, CancellationToken cancellationToken)
    {
        await WriteAsync(new ScoreResponse
        {
            Opened = new ScoreOpened
            {
                ProtocolVersion = terms.ProtocolVersion,
                Model = terms.Model.Description,
                MaxSequenceTokens = terms.Model.Description.MaxSequenceTokens,
                MaxPendingSequences = limits.MaxPendingSequences,
            },
        });

        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> running = [];
        try
        {
            await ReadAsync(requests, running, ended.Token);
            await Task.WhenAll(running);
        }
        finally
        {
            // Whatever ended the call, nothing may still compute or write for it.
            await ended.CancelAsync();
            await Task.WhenAll(running).ContinueWith(
                static all => _ = all.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ReadAsync(IAsyncStreamReader<ScoreRequest> requests, List<Task> running, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            if (requests.Current.Sequence is not { } sequence)
                throw new RpcException(new Status(StatusCode.InvalidArgument, $"After ScoreOpen only sequences may come, not {requests.Current.MessageCase}."));
            running.Add(ScoreAsync(sequence, cancellationToken));
            if (running.Count < limits.MaxPendingSequences)
                continue;
            Task done = await Task.WhenAny(running);
            running.Remove(done);
            await done;
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task ScoreAsync(ScoreSequence sequence, CancellationToken cancellationToken)
    {
        SessionFault? fault = _scorer.Check(sequence);
        try
        {
            if (fault is null)
            {
                await _scorer.ScoreAsync(sequence, scores => WriteAsync(new ScoreResponse { Scores = scores }), cancellationToken);
                measures.AddScored(sequence.Tokens.Count - sequence.FirstPosition);
            }
        }
        catch (EngineRefusedException exception)
        {
            fault = new SessionFault(FailureReason.Overloaded, exception.Message, RetryAfter: limits.RetryAfter);
        }
        catch (SessionFailedException exception)
        {
            fault = new SessionFault(
                exception.Failure == SessionFailure.NonFiniteActivation ? FailureReason.NonFiniteLogits : FailureReason.Internal, exception.Message);
        }
        catch (BackendException exception)
        {
            fault = exception.Fault;
        }

        if (fault is not null)
            await WriteAsync(new ScoreResponse { Refused = new ScoreRefused { SequenceId = sequence.SequenceId, Failure = fault.ToFailure() } });
    }

    private async Task WriteAsync(ScoreResponse response)
    {
        await _turn.WaitAsync();
        try
        {
            await responses.WriteAsync(response);
        }
        finally
        {
            _turn.Release();
        }
    }
}
