using System.Diagnostics;
using CoLlm.Expert.Models;
using CoLlm.Inference.Failures;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Expert.Sessions;

/// <summary>
/// One stream, one sequence. Takes its messages strictly in order; while the engine computes for one, the next wait in the
/// transport, whose flow control is the bound. From outside it can only be evicted while idle, or ended when the process stops.
/// </summary>
internal sealed class ExpertSession(SessionServices services, IServerStreamWriter<SessionResponse> stream) : IDisposable
{
    private const int Idle = 0, Busy = 1, Gone = 2;

    private readonly TaskCompletionSource<SessionFault> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SessionWriter _writer = new(stream);
    private int _state = Busy;
    private long _lastUsed = services.Time.GetTimestamp();
    private SessionTerms? _terms;
    private ISequence? _sequence;
    private SessionConversation? _conversation;
    private bool _isDrainAnnounced;
    private string _endReason = "cancelled";

    /// <summary>Timestamp of its last message.</summary>
    public long LastUsed => Volatile.Read(ref _lastUsed);

    public bool IsIdle => Volatile.Read(ref _state) == Idle;

    /// <summary>The model it runs on; null before it is open.</summary>
    public ExpertModel? Model => _terms?.Model;

    /// <summary>Serves the stream to its end. Whatever ends it, its KV blocks are home when this returns.</summary>
    public async Task RunAsync(IAsyncStreamReader<SessionRequest> requests, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration draining = services.Gate.Draining.UnsafeRegister(_ => AnnounceDrain(), null);
        using CancellationTokenRegistration expired = services.Gate.Expired.UnsafeRegister(
            _ => End(new SessionFault(FailureReason.Draining, "The replica stops now.")), null);

        using CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task loop = ServeAsync(requests, stopping.Token);
        await Task.WhenAny(loop, _ended.Task);
        if (!_ended.Task.IsCompleted)
        {
            await loop;
            return;
        }

        SessionFault fault = await _ended.Task;
        await WriteFaultAsync(fault);

        // The loop may still wait for a message or a pass that nobody needs; the call must not end before it has.
        await stopping.CancelAsync();
        await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _endReason = fault.Reason == FailureReason.Evicted ? "evicted" : "drained"; // Now that the loop cannot say otherwise.
    }

    /// <summary>Gives up its place if it is idle; its blocks are home when this returns true.</summary>
    public bool TryEvict()
    {
        if (Interlocked.CompareExchange(ref _state, Gone, Idle) != Idle)
            return false;
        _sequence?.Dispose();
        _ended.TrySetResult(new SessionFault(
            FailureReason.Evicted, $"The session heard nothing for {services.Limits.IdleTimeout} (IdleTimeout) and another needed its place."));
        return true;
    }

    public void Dispose()
    {
        _conversation?.EndTrace();
        if (_sequence is not null)
            services.Instruments.For(Model).CountEnded(_endReason);
        services.Table.Remove(this);
        _sequence?.Dispose();
        _writer.Dispose();
    }

    private void End(SessionFault fault)
    {
        if (_ended.TrySetResult(fault))
            _sequence?.Dispose();
    }

    private async Task ServeAsync(IAsyncStreamReader<SessionRequest> requests, CancellationToken cancellationToken)
    {
        try
        {
            if (!await TryOpenAsync(requests, cancellationToken))
                return;
            while (TryRest())
            {
                Task<bool> next = requests.MoveNext(cancellationToken);

                // An answered session may go on upon the engine's own thread; a client with messages in store must not keep it there. The wait
                // stands here and not in a method of its own: that one's task could be over before it is looked at, and nothing would have moved.
                if (next.IsCompleted)
                    await Task.Yield();
                if (!await next || !TryWake())
                    break;
                if (await _conversation!.HandleAsync(requests.Current, cancellationToken) is { } fault)
                {
                    await FailAsync(fault);
                    return;
                }
            }

            _endReason = "closed";
        }
        catch (SessionFailedException exception)
        {
            FailureReason reason = exception.Failure switch
            {
                SessionFailure.NonFiniteActivation => FailureReason.NonFiniteLogits,
                SessionFailure.EngineStopped => FailureReason.Draining,
                _ => FailureReason.Internal,
            };
            await FailAsync(new SessionFault(reason, exception.Message));
        }
        catch (BackendException exception)
        {
            await FailAsync(exception.Fault);
        }
        catch (ObjectDisposedException) when (_ended.Task.IsCompleted)
        {
            // Ended from outside while the engine computed for it; RunAsync tells the client.
        }
    }

    /// <summary>Reads the Open, agrees on terms, finds a place and computes the prompt; false where there is no session.</summary>
    private async Task<bool> TryOpenAsync(IAsyncStreamReader<SessionRequest> requests, CancellationToken cancellationToken)
    {
        if (!await requests.MoveNext(cancellationToken))
            return false;
        if (requests.Current.Open is not { } open)
        {
            await WriteFaultAsync(new SessionFault(FailureReason.OutOfOrder, $"The first message is {requests.Current.MessageCase}; it must be Open."));
            return false;
        }

        bool isAdmitted = TryAdmit(open, out SessionFault? fault);
        services.Instruments.For(services.Models.Find(open.Model)).CountOpened(fault?.Reason);
        if (!isAdmitted)
        {
            services.Logger.SessionRefused(fault!.Reason.Name(), fault.Message, TraceId);
            await WriteFaultAsync(fault!);
            return false;
        }

        _conversation = await SessionConversation.BeginAsync(open, _terms!, _sequence!, _writer, services, cancellationToken);
        if (services.Gate.Draining.IsCancellationRequested)
            AnnounceDrain(); // Stopping began while the prompt was computed.
        return true;
    }

    private bool TryAdmit(Open open, out SessionFault? fault)
    {
        fault = services.Gate.Draining.IsCancellationRequested
            ? new SessionFault(FailureReason.Draining, "The replica is stopping and takes no new sessions.")
            : null;
        if (fault is not null || SessionTerms.TryAgree(open, services.Models, services.Limits, out fault) is not { } terms)
            return false;
        _terms = terms;
        _sequence = services.Table.TryAdmit(this, terms, out fault);
        if (!_ended.Task.IsCompleted)
            return _sequence is not null;

        // Ended from outside meanwhile, perhaps after Dispose has looked: the place must come home all the same.
        fault = _ended.Task.Result;
        services.Table.Remove(this);
        _sequence?.Dispose();
        return false;
    }

    /// <summary>Nothing is left to do: the session may be evicted from here on. False: it has been.</summary>
    private bool TryRest()
    {
        Volatile.Write(ref _lastUsed, services.Time.GetTimestamp());
        return Interlocked.CompareExchange(ref _state, Idle, Busy) == Busy;
    }

    /// <summary>A message came. False: the session has been evicted meanwhile.</summary>
    private bool TryWake() => Interlocked.CompareExchange(ref _state, Busy, Idle) == Idle;

    /// <summary>Tells an open session to move on; one that is only being opened is refused instead.</summary>
    private void AnnounceDrain()
    {
        if (_conversation is null || Interlocked.Exchange(ref _isDrainAnnounced, true))
            return;
        Notice notice = new()
        {
            Failure = new Failure { Reason = FailureReason.Draining, Message = "The replica is stopping; open sessions elsewhere." },
            EndsAfterMs = (int)services.Drain.Timeout.TotalMilliseconds,
        };
        _ = WriteQuietlyAsync(notice);
    }

    private static string TraceId => Activity.Current?.TraceId.ToString() ?? "";

    private Task FailAsync(SessionFault fault)
    {
        _endReason = "fault";
        services.Logger.SessionFailed(Model!.Name, fault.Reason.Name(), fault.Message, TraceId);
        return WriteFaultAsync(fault);
    }

    private Task WriteFaultAsync(SessionFault fault) => WriteQuietlyAsync(fault.ToNotice(_conversation?.Epoch ?? 0, _sequence?.Length ?? 0));

    // A client that is gone cannot be told anything; its call ends by itself.
    private async Task WriteQuietlyAsync(Notice notice)
    {
        try
        {
            await _writer.WriteAsync(notice);
        }
        catch (Exception exception) when (exception is RpcException or IOException or OperationCanceledException or InvalidOperationException or ObjectDisposedException)
        {
        }
    }
}
