using System.Buffers.Binary;
using System.Diagnostics;
using CoLlm.Inference;
using CoLlm.ServiceDefaults.Telemetry;

namespace CoLlm.Expert.Telemetry;

/// <summary>
/// One session's part in its caller's trace: a span for each run of questions that the caller names a span for, below that one. Exists
/// only for sampled calls. Used by one caller at a time.
/// </summary>
internal sealed class ComputeSpans
{
    public const string SourceName = "CoLlm.Expert";

    private static readonly ActivitySource Source = new(SourceName);

    private readonly Activity _call;
    private readonly string _model;
    private Activity? _span;
    private DateTimeOffset _answered;
    private TimeSpan _queue;
    private TimeSpan _compute;
    private int _askCount;
    private int _passesBefore;
    private int _passCount;
    private long _tokensBefore;
    private long _tokenCount;

    private ComputeSpans(Activity call, string model)
    {
        _call = call;
        _model = model;
    }

    /// <summary>Those of the call that is current; null where it is not sampled.</summary>
    public static ComputeSpans? OfCurrentCall(string model, bool isReplay)
    {
        if (Activity.Current is not { Recorded: true, Source.Name: RpcSpans.SourceName } call)
            return null;
        call.SetTag("collm.model", model);
        call.SetTag("collm.replay", isReplay);
        return new ComputeSpans(call, model);
    }

    /// <summary>A question has come.</summary>
    /// <param name="spanId">The caller's span that it begins; zero: the same as before.</param>
    /// <param name="position">The position asked for.</param>
    /// <param name="work">What the session has cost so far.</param>
    public void Asked(ulong spanId, int position, in SessionWork work)
    {
        if (spanId == 0)
            return;
        End();
        Span<byte> id = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(id, spanId);
        var parent = new ActivityContext(_call.TraceId, ActivitySpanId.CreateFromBytes(id), ActivityTraceFlags.Recorded, _call.TraceStateString, isRemote: true);
        _span = DetachedSpans.Start(Source, "compute", ActivityKind.Server, parent);
        _span?.SetTag("collm.model", _model);
        _span?.SetTag("collm.first_position", position);
        (_answered, _queue, _compute, _askCount) = (default, default, default, 0);
        (_passesBefore, _passCount) = (work.StepCount, work.StepCount);
        (_tokensBefore, _tokenCount) = (work.ComputedTokenCount, work.ComputedTokenCount);
    }

    /// <summary>It was answered.</summary>
    /// <param name="queue">How long it waited for its pass.</param>
    /// <param name="work">What the session has cost so far.</param>
    public void Answered(TimeSpan queue, in SessionWork work)
    {
        _answered = DateTimeOffset.UtcNow;
        _askCount++;
        _queue += queue;
        _compute += work.LastStepTime;
        (_passCount, _tokenCount) = (work.StepCount, work.ComputedTokenCount);
    }

    public void End()
    {
        if (_span is not { } span)
            return;
        span.SetTag("collm.asks", _askCount);
        span.SetTag("collm.passes", _passCount - _passesBefore);
        span.SetTag("collm.computed_tokens", _tokenCount - _tokensBefore);
        span.SetTag("collm.queue_seconds", _queue.TotalSeconds);
        span.SetTag("collm.compute_seconds", _compute.TotalSeconds);
        DetachedSpans.End(span, _answered);
        _span = null;
    }
}
