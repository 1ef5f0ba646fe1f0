using System.Diagnostics;
using System.Globalization;
using CoLlm.Decoding;
using CoLlm.Inference;
using CoLlm.Inference.Failures;
using CoLlm.Protocol;
using CoLlm.Router.Admission;
using CoLlm.Router.Base;
using CoLlm.Router.Telemetry;
using CoLlm.ServiceDefaults.Shutdown;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Router.Api;

/// <summary>
/// One answer from its request to its summary, whichever door it came in by. It is
/// <list type="number">
/// <item>let in, unless the process is stopping or still loading;</item>
/// <item>checked and turned into a plan;</item>
/// <item>admitted, when a place and KV blocks are free;</item>
/// <item>decoded, each token sent as it is decided;</item>
/// <item>summed up.</item>
/// </list>
/// Whatever ends it, its sessions here and at the experts end with it.
/// </summary>
internal sealed class Answering(
    LoadedModel loaded, RequestReader reader, RequestGate gate, AdmissionOptions admission, DrainGate drain, RouterTelemetry telemetry, ILogger<Answering> logger,
    TimeProvider time)
{
    /// <exception cref="RequestRefusedException">It is still being loaded.</exception>
    public Collaborators Model => loaded.Current
        ?? throw new RequestRefusedException(V1.FailureReason.Overloaded, "The base model's weights are still being loaded.", TimeSpan.FromSeconds(1));

    /// <summary>Writes one answer.</summary>
    /// <param name="request">What the client wants.</param>
    /// <param name="responses">Takes the events: one Started, the tokens, one Summary.</param>
    /// <param name="cancellationToken">The client is gone.</param>
    /// <exception cref="RequestRefusedException">The request cannot be served; nothing was written.</exception>
    /// <exception cref="RpcException">The client has not read for too long.</exception>
    public async Task AnswerAsync(V1.GenerateRequest request, IServerStreamWriter<V1.GenerateResponse> responses, CancellationToken cancellationToken)
    {
        long arrived = time.GetTimestamp();

        // 1: let in.
        using IDisposable work = drain.TryEnter()
            ?? throw new RequestRefusedException(V1.FailureReason.Draining, "The router is stopping and takes no new requests.");

        // 2: check.
        GenerationPlan plan = await reader.ReadAsync(request, Model, cancellationToken).ConfigureAwait(false);
        var measures = new AnswerMeasures(telemetry, plan, time, arrived);
        AnswerSpans? spans = AnswerSpans.OfCurrentCall();
        spans?.BeginQueue(plan, request.ClientRequestId);
        try
        {
            await WriteAsync(plan, measures, spans, arrived, responses, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (cancellationToken.IsCancellationRequested || exception is RpcException { StatusCode: StatusCode.Cancelled })
        {
            measures.Cancelled();
            throw;
        }
        finally
        {
            spans?.EndQueue();
        }
    }

    /// <summary>Counts a request that was refused; called once for each, by the door that tells the client.</summary>
    public void Refused(RequestRefusedException refusal)
    {
        telemetry.Requests.CountRefusal(refusal.Reason);
        logger.RequestRefused(refusal.Reason.Name(), TraceId);
    }

    private async Task WriteAsync(
        GenerationPlan plan, AnswerMeasures measures, AnswerSpans? spans, long arrived, IServerStreamWriter<V1.GenerateResponse> responses,
        CancellationToken cancellationToken)
    {
        // 3: admit.
        long read = time.GetTimestamp();
        using RequestInstruments.Presence presence = telemetry.Requests.Enter();
        using IDisposable place = await EnterAsync(cancellationToken).ConfigureAwait(false);
        InferenceSession? session = plan.Request.Mode == DecodingMode.ExpertOnly
            ? null
            : await ReserveAsync(plan, cancellationToken).ConfigureAwait(false);
        using var run = new AnswerRun(plan, session, time, drain.Expired);
        presence.Admitted();
        spans?.EndQueue();
        TimeSpan queued = time.GetElapsedTime(read);
        var times = new V1.StageTimes
        {
            TokenizeUs = AnswerMessages.Microseconds(time.GetElapsedTime(arrived, read)),
            QueueUs = AnswerMessages.Microseconds(queued),
        };

        // 4: decode.
        string requestId = Guid.NewGuid().ToString("n", CultureInfo.InvariantCulture);
        spans?.BeginDecoding(requestId);
        await TellAsync(responses, AnswerMessages.Started(plan, requestId), cancellationToken).ConfigureAwait(false);
        await using TokenEventSink sink = new(responses, measures, admission.MaxUnreadTime, time, cancellationToken);
        DecodingSummary summary = await run.DecodeAsync(sink, drain.Expired, cancellationToken).ConfigureAwait(false);
        await sink.CompleteAsync().ConfigureAwait(false);

        // 5: sum up. An expert lost to our own stopping is no failure of the expert.
        if (summary.FinishReason == FinishReason.ExpertUnavailable && drain.Expired.IsCancellationRequested)
            summary = summary with { FinishReason = FinishReason.Shutdown };
        times.TotalUs = AnswerMessages.Microseconds(time.GetElapsedTime(arrived));
        V1.Failure? failure = run.FailureOf(summary);
        measures.Ended(summary, queued);
        spans?.Ended(summary, failure?.Reason.Name());
        if (failure is not null)
            logger.AnswerFailed(requestId, LabelNames<FinishReason>.Of(summary.FinishReason), summary.TokenCount, failure.Message, TraceId);
        await TellAsync(responses, AnswerMessages.Summary(plan, summary, failure, times), cancellationToken).ConfigureAwait(false);
    }

    private Task TellAsync(IServerStreamWriter<V1.GenerateResponse> responses, V1.GenerateResponse message, CancellationToken cancellationToken) =>
        BoundedWrite.WriteAsync(responses, message, admission.MaxUnreadTime, time, cancellationToken);

    private static string TraceId => Activity.Current?.TraceId.ToString() ?? "";

    private async ValueTask<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        (IDisposable? place, string? refusal) = await gate.EnterAsync(cancellationToken).ConfigureAwait(false);
        return place ?? throw new RequestRefusedException(V1.FailureReason.TooManyRequests, refusal!, TimeSpan.FromSeconds(1));
    }

    /// <summary>Reserves KV blocks for prompt and answer, waiting for others to end where that helps.</summary>
    private async ValueTask<InferenceSession> ReserveAsync(GenerationPlan plan, CancellationToken cancellationToken)
    {
        InferenceEngine engine = plan.Model.Base.Engine;
        InferenceSession? session = engine.TryOpenSession(plan.ReservedTokens, out EngineRefusal refusal);
        if (session is null && (refusal.IsPermanent || admission.MaxQueueTime == TimeSpan.Zero))
            throw Refused(refusal);
        if (session is not null)
            return session;

        using CancellationTokenSource patience = new(admission.MaxQueueTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken, drain.Expired);
        try
        {
            return await engine.OpenSessionAsync(plan.ReservedTokens, either.Token).ConfigureAwait(false);
        }
        catch (EngineRefusedException exception)
        {
            throw Refused(exception.Refusal);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Refused(refusal);
        }
    }

    private static RequestRefusedException Refused(EngineRefusal refusal) => refusal.Bound switch
    {
        EngineBound.Stopped => new RequestRefusedException(V1.FailureReason.Draining, refusal.ToString()),
        EngineBound.ContextLength => new RequestRefusedException(V1.FailureReason.PromptTooLong, refusal.ToString()),
        EngineBound.KvBlocks => new RequestRefusedException(
            V1.FailureReason.KvPoolExhausted, refusal.ToString(), refusal.IsPermanent ? TimeSpan.Zero : TimeSpan.FromSeconds(1)),
        _ => new RequestRefusedException(V1.FailureReason.TooManyRequests, refusal.ToString(), TimeSpan.FromSeconds(1)),
    };
}
