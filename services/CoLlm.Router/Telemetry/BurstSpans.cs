using System.Buffers.Binary;
using System.Diagnostics;
using CoLlm.Protocol;
using CoLlm.Router.Experts;
using CoLlm.ServiceDefaults.Telemetry;
using Grpc.Core;

namespace CoLlm.Router.Telemetry;

/// <summary>
/// One expert's part in the trace of one answer: a span for each run of adjacent positions that it was asked for, however long, and one
/// for each change of the replica. Exists only for sampled requests. Used by one caller at a time.
/// </summary>
internal sealed class BurstSpans
{
    private readonly ActivityContext _call;
    private readonly string _expert;
    private Activity? _burst;
    private ActivityContext _last;
    private DateTimeOffset _answered;
    private DateTimeOffset _lost;
    private int _nextPosition;
    private int _tokenCount;
    private long _bytesBefore;
    private long _bytes;
    private bool _isToldOf;

    private BurstSpans(ActivityContext call, string expert)
    {
        _call = call;
        _expert = expert;
    }

    /// <summary>Those of the call that is current; null where it is not sampled.</summary>
    public static BurstSpans? OfCurrentCall(string expert) => Activity.Current is { Recorded: true } call ? new BurstSpans(call.Context, expert) : null;

    /// <summary>What a stream tells the replica of the trace; for one that replaces another, what it goes on from.</summary>
    /// <param name="isReplay">Another stream was lost before.</param>
    public Metadata Headers(bool isReplay)
    {
        var headers = new Metadata { { RpcSpans.TraceParent, Format(_call) } };
        if (isReplay && _last != default)
            headers.Add(RpcSpans.ReplayOf, Format(_last));
        return headers;
    }

    /// <summary>A question is about to be asked.</summary>
    /// <param name="position">The position asked for.</param>
    /// <param name="bytes">Payload on the streams so far.</param>
    /// <returns>The span that this question and those after it belong to, where the replica does not know it yet; else zero.</returns>
    public ulong Ask(int position, long bytes)
    {
        if (_burst is not null && position != _nextPosition)
            End();
        if (_burst is null)
            Begin(position, bytes);
        _nextPosition = position;
        if (_isToldOf || _burst is null)
            return 0;
        _isToldOf = true;
        return SpanId(_burst);
    }

    /// <summary>The question was answered.</summary>
    public void Answered(long bytes)
    {
        _answered = DateTimeOffset.UtcNow;
        _tokenCount++;
        _nextPosition++;
        _bytes = bytes;
    }

    /// <summary>The answer has grown to this length; a burst is over once somebody else wrote a token.</summary>
    public void Follow(int length)
    {
        if (_burst is not null && length > _nextPosition)
            End();
    }

    /// <summary>The stream was given up.</summary>
    /// <param name="failure">Why; null where it was not lost.</param>
    public void Lost(StreamFailure? failure)
    {
        _lost = DateTimeOffset.UtcNow;
        if (failure is not null && _burst is { } burst)
        {
            burst.SetTag(SemanticConventions.ErrorType, failure.Reason.Name());
            burst.SetStatus(ActivityStatusCode.Error, failure.Message);
        }

        End();
    }

    /// <summary>Another stream was opened in the place of a lost one.</summary>
    public void FailedOver(string reason, Uri replica)
    {
        Activity? span = DetachedSpans.Start(AnswerSpans.Source, "failover", ActivityKind.Internal, _call, _lost, _last);
        if (span is null)
            return;
        span.SetTag("collm.expert", _expert);
        span.SetTag("collm.reason", reason);
        span.SetTag(SemanticConventions.ServerAddress, replica.Host);
        span.SetTag(SemanticConventions.ServerPort, replica.Port);
        DetachedSpans.End(span);
    }

    public void End()
    {
        if (_burst is not { } burst)
            return;
        burst.SetTag("collm.tokens", _tokenCount);
        burst.SetTag("collm.bytes", _bytes - _bytesBefore);
        DetachedSpans.End(burst, _answered);
        _burst = null;
    }

    private void Begin(int position, long bytes)
    {
        _burst = DetachedSpans.Start(AnswerSpans.Source, "deferral", ActivityKind.Client, _call);
        if (_burst is null)
            return;
        _burst.SetTag("collm.expert", _expert);
        _burst.SetTag("collm.first_position", position);
        _last = _burst.Context;
        _answered = default;
        _tokenCount = 0;
        (_bytesBefore, _bytes) = (bytes, bytes);
        _isToldOf = false;
    }

    private static string Format(ActivityContext context) => $"00-{context.TraceId}-{context.SpanId}-01";

    private static ulong SpanId(Activity span)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        span.SpanId.CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
