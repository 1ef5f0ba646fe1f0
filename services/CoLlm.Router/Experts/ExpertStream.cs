using System.Runtime.CompilerServices;
using CoLlm.Decoding;
using CoLlm.Decoding.Experts;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Router.Experts;

/// <summary>
/// One session on one replica, the client's side of <c>expert.proto</c>. Runs no task of its own: what has arrived is looked at
/// whenever the request's own loop passes by, so a question costs one message each way and no change of thread.
/// <list type="number">
/// <item>Open carries the prefix; the expert takes it in while the base does;</item>
/// <item>Append sends tokens ahead once many are missing, within the expert's credit;</item>
/// <item>Ask carries what is still missing and the hash of everything;</item>
/// <item>replies are matched by epoch and position; what was lost shows in <see cref="Ended"/>.</item>
/// </list>
/// Used by one caller at a time.
/// </summary>
internal sealed class ExpertStream : IDisposable
{
    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    private readonly AsyncDuplexStreamingCall<SessionRequest, SessionResponse> _call;
    private readonly CancellationTokenSource _cancellation;
    private readonly SessionInbox _inbox;
    private readonly SessionTerms _terms;
    private readonly TimeProvider _time;
    private readonly Uri _replica;
    private readonly SessionRequest _ask = new() { Ask = new Ask() };
    private readonly SessionRequest _append = new() { Append = new Append() };
    private Task _writing;
    private Task<bool> _reading;
    private PrefixHash _hash = PrefixHash.Empty;
    private int _hashedLength;
    private int _sentLength;
    private int _askStart;
    private bool _isAnswered;
    private bool _isDisposed;

    private ExpertStream(
        Expert.ExpertClient client, Uri replica, SessionTerms terms, TokenHistory history, int epoch, TimeProvider time,
        Metadata? headers, CancellationToken shutdown)
    {
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(shutdown);
        _replica = replica;
        _terms = terms;
        _time = time;
        _inbox = new SessionInbox(replica, terms, epoch, history.Length);
        _call = client.Session(headers, cancellationToken: _cancellation.Token);
        SessionRequest open = SessionMessages.Open(terms, history.TokenIds, epoch);
        BytesUp = open.CalculateSize();
        _sentLength = history.Length;
        _writing = _call.RequestStream.WriteAsync(open, CancellationToken.None);
        _reading = _call.ResponseStream.MoveNext(CancellationToken.None);
    }

    public long BytesUp { get; private set; }

    /// <summary>What has come back, and what it says of the session.</summary>
    public SessionInbox Inbox => _inbox;

    /// <summary>Why the session is over; null while it is not.</summary>
    public StreamFailure? Ended => _inbox.Ended;

    /// <summary>Tokens that the expert has been sent.</summary>
    public int SentLength => _sentLength;

    /// <summary>The last answered question: written to read.</summary>
    public TimeSpan LastRoundTrip { get; private set; }

    /// <summary>Tokens that the last question carried.</summary>
    public int LastAskTokenCount => _ask.Ask.Tokens.Count;

    /// <summary>Ends when the transport has taken the last message.</summary>
    public Task Written => _writing;

    /// <summary>The span that questions belong to from the next one on, where the replica does not know it yet; zero: as before.</summary>
    public ulong NextSpanId { get; set; }

    /// <summary>
    /// Begins a session with all tokens of the history; does not wait. It ends with <paramref name="shutdown"/>. The
    /// <paramref name="headers"/> are the call's.
    /// </summary>
    public static ExpertStream Open(
        Expert.ExpertClient client, Uri replica, SessionTerms terms, TokenHistory history, int epoch, TimeProvider time,
        Metadata? headers, CancellationToken shutdown) =>
        new(client, replica, terms, history, epoch, time, headers, shutdown);

    /// <summary>Looks at what has arrived and, where many tokens are missing, sends them ahead; never waits.</summary>
    /// <param name="history">The agreed tokens.</param>
    /// <param name="appendTokens">How many must be missing.</param>
    public void Follow(TokenHistory history, int appendTokens)
    {
        Pump();
        if (history.Length - _sentLength < appendTokens || Ended is not null || !_writing.IsCompletedSuccessfully)
            return;
        int count = Math.Min(history.Length, _inbox.CreditEnd) - _sentLength;
        if (count < appendTokens)
            return;
        Append append = _append.Append;
        append.Epoch = _inbox.Epoch;
        append.Start = _sentLength;
        SessionMessages.Fill(append.Tokens, history.TokenIds.Slice(_sentLength, count));
        _sentLength += count;
        Write(_append);
    }

    /// <summary>Asks for the token at the end of the history and waits for the answer.</summary>
    /// <returns>The answer, whose buffers stay valid until the next call; or null: then <see cref="Ended"/> or the inbox's refusal says why.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ExpertAnswer?> AskAsync(
        TokenHistory history, ExpertQuestion question, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Pump();
        long since = _time.GetTimestamp();
        try
        {
            // Before the connection is there, or while it is congested, the previous message must leave first.
            if (!_writing.IsCompletedSuccessfully)
                await WaitForWriteAsync(timeout, cancellationToken).ConfigureAwait(false);
            if (Ended is not null)
                return null;

            _inbox.Expect(history.Length, question.Form);
            _isAnswered = false;
            long asked = _time.GetTimestamp();
            Write(FillAsk(history, question));
            while (_inbox.IsWaiting)
            {
                if (!_reading.IsCompleted)
                    await _reading.WaitAsync(Left(timeout, since), _time, cancellationToken).ConfigureAwait(false);
                Pump();
            }

            // A question that was not taken has left no tokens there.
            if (_inbox.Refusal is not null)
                _sentLength = _askStart;
            ExpertAnswer? answer = _inbox.TakeAnswer();
            _isAnswered = answer is not null;
            LastRoundTrip = _time.GetElapsedTime(asked);
            return answer;
        }
        catch (TimeoutException)
        {
            _inbox.End(new StreamFailure(FailureReason.DeadlineExceeded, $"{_replica} did not answer within {timeout.TotalSeconds:0.###} s."));
            return null;
        }
        catch (RpcException exception)
        {
            _inbox.End(StreamFailure.Of(exception, _replica));
            return null;
        }
    }

    /// <summary>Takes back the tokens from a position on: the history goes on differently from there.</summary>
    public async ValueTask TruncateAsync(int position, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, _sentLength);
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        _inbox.RaiseEpoch(position);
        _sentLength = position;
        (_hash, _hashedLength) = (PrefixHash.Empty, 0);
        Write(new SessionRequest { Truncate = new Truncate { Epoch = _inbox.Epoch, Position = position } });
    }

    /// <summary>
    /// Ends the session, without waiting: in good order where every question is answered, else by cancelling what the expert is at.
    /// It frees the KV blocks as soon as it hears of it.
    /// </summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (_isAnswered && Ended is null)
            _ = EndAsync();
        else
            Abandon();
    }

    private async Task EndAsync()
    {
        try
        {
            using CancellationTokenSource limit = new(EndTimeout, _time);
            using CancellationTokenRegistration over = limit.Token.UnsafeRegister(static end => ((CancellationTokenSource)end!).Cancel(), _cancellation);
            await _writing.ConfigureAwait(false); // An answer may be here before its question's write is known to be done.
            await _call.RequestStream.CompleteAsync().ConfigureAwait(false);
            while (await _reading.ConfigureAwait(false))
                _reading = _call.ResponseStream.MoveNext(CancellationToken.None);
        }
        catch (Exception exception) when (exception is RpcException or OperationCanceledException or InvalidOperationException)
        {
            // Nobody needs the session any more, however it ends.
        }
        finally
        {
            Abandon();
        }
    }

    private void Abandon()
    {
        _cancellation.Cancel();
        _call.Dispose();
        Observe(_writing);
        Observe(_reading);
        _cancellation.Dispose();
    }

    /// <summary>Looks at everything that has arrived, without waiting.</summary>
    private void Pump()
    {
        while (_reading.IsCompleted && Ended is null)
        {
            if (_reading.IsCompletedSuccessfully && _reading.Result)
            {
                _inbox.Take(_call.ResponseStream.Current);
                if (Ended is null)
                    _reading = _call.ResponseStream.MoveNext(CancellationToken.None);
                continue;
            }

            _inbox.End(_reading.Exception?.InnerException is RpcException exception
                ? StreamFailure.Of(exception, _replica)
                : new StreamFailure(FailureReason.ExpertUnavailable, $"{_replica} ended the session without a word."));
        }
    }

    private SessionRequest FillAsk(TokenHistory history, ExpertQuestion question)
    {
        _hash = _hash.Append(history.TokenIds[_hashedLength..]);
        _hashedLength = history.Length;
        Ask ask = _ask.Ask;
        ask.Epoch = _inbox.Epoch;
        ask.Start = _askStart = _sentLength;
        SessionMessages.Fill(ask.Tokens, history.TokenIds[_sentLength..]);
        ask.PrefixHash = _hash.Value;
        ask.AnswerForm = question.Form == _terms.Form ? AnswerForm.Unspecified : SessionMessages.ToMessage(question.Form);
        ask.Sampling = question.Sampling == _terms.Sampling
            ? null
            : SessionMessages.ToMessage(question.Sampling) ?? new SamplingParameters();
        (ask.SpanId, NextSpanId) = (NextSpanId, 0);
        _sentLength = history.Length;
        return _ask;
    }

    /// <summary>Hands a message to the transport, which has copied it when the write is done; nobody waits for that but the next write.</summary>
    private void Write(SessionRequest message)
    {
        BytesUp += message.CalculateSize();
        _writing = _call.RequestStream.WriteAsync(message);
    }

    /// <summary>
    /// Waits until the last message has left. Where it never will, the call is over and reading tells why: the write would hide the expert's
    /// reason behind the transport's.
    /// </summary>
    private async ValueTask WaitForWriteAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            await _writing.WaitAsync(timeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException)
        {
            Pump();
        }
    }

    private TimeSpan Left(TimeSpan timeout, long since)
    {
        TimeSpan left = timeout - _time.GetElapsedTime(since);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>A task that nobody awaits any more must not report its failure to the process.</summary>
    private static void Observe(Task task) =>
        task.ContinueWith(
            static failed => failed.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
}
