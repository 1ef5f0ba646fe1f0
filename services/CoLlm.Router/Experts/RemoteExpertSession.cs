using System.Diagnostics;
using System.Runtime.CompilerServices;
using CoLlm.Decoding;
using CoLlm.Decoding.Experts;
using CoLlm.Protocol.V1;

namespace CoLlm.Router.Experts;

/// <summary>
/// One request's expert behind the wire: keeps one stream open, and when it is lost opens another with the tokens it holds, so
/// that a greedy or seeded answer stays the same. To ask:
/// <list type="number">
/// <item>take the open stream, or open one on the replica with the fewest sessions;</item>
/// <item>ask once;</item>
/// <item>an answer goes to the decoder;</item>
/// <item>a question refused for the moment is repeated while patience lasts, elsewhere where that is possible;</item>
/// <item>a lost stream is replaced, a bounded number of times.</item>
/// </list>
/// </summary>
internal sealed class RemoteExpertSession(ExpertPool pool, SessionTerms terms, TimeProvider time, CancellationToken shutdown)
    : IExpertSession, IDisposable
{
    private static readonly TimeSpan ShortestRetry = TimeSpan.FromMilliseconds(20);

    /// <summary>A replica may come back before its wait is over, when somebody else has reached it.</summary>
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMilliseconds(250);

    private ExpertStream? _stream;
    private ExpertReplica? _replica;
    private ExpertReplica? _avoid;
    private readonly SessionAccount _account = new(pool);
    private ExpertCost _closed;
    private int _openCount;
    private int _closedStaleReplies;
    private int _lossesInARow;
    private bool _isConfirmed;

    public string Name => pool.Name;

    /// <summary>Why the last question had no answer.</summary>
    public StreamFailure? LastFailure { get; private set; }

    /// <summary>Replies that came too late or twice, over all streams.</summary>
    public int StaleReplyCount => _closedStaleReplies + (_stream?.Inbox.StaleReplyCount ?? 0);

    public ExpertCost Cost
    {
        get
        {
            ExpertCost cost = _closed with { FailoverCount = Math.Max(_openCount - 1, 0) };
            return _stream is not { } stream ? cost : Add(cost, stream);
        }
    }

    public void Prepare(TokenHistory history)
    {
        if (pool.Options.OpenAhead)
            TryOpen(history);
    }

    public void Follow(TokenHistory history)
    {
        _stream?.Follow(history, pool.Options.AppendTokens);
        _account.Follow(history.Length);
        Confirm();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ExpertAnswer> AskAsync(TokenHistory history, ExpertQuestion question, CancellationToken cancellationToken)
    {
        long since = time.GetTimestamp();
        int lostCount = 0;
        while (true)
        {
            // 1: a stream.
            if (_stream is not null && (_stream.Ended is not null || IsBetterElsewhere()))
                Drop();
            if (_stream is null && !TryOpen(history))
            {
                if (!await RetryAsync(LastFailure!, question.Patience, since, cancellationToken).ConfigureAwait(false))
                    return Failed(LastFailure!.Outcome);
                continue;
            }

            // 2: one question.
            _stream!.NextSpanId = _account.Ask(history.Length, Cost);
            ExpertAnswer? answer = await _stream.AskAsync(history, question, pool.Options.AskTimeout, cancellationToken).ConfigureAwait(false);
            Confirm();

            // 3: an answer.
            if (answer is { } found)
            {
                _lossesInARow = 0;
                _account.Answered(_stream, Cost, StaleReplyCount);
                return found;
            }

            // 4: not now.
            if (_stream.Ended is null)
            {
                LastFailure = _stream.Inbox.Refusal ?? throw new UnreachableException("A question ends with an answer, a refusal or the session.");
                if (!await RefusedAsync(LastFailure, question.Patience, since, cancellationToken).ConfigureAwait(false))
                    return Failed(ExpertOutcome.Overloaded);
                continue;
            }

            // 5: lost.
            LastFailure = _stream.Ended;
            Drop();
            if (LastFailure.IsOfRequest)
                return Failed(LastFailure.Outcome);
            if (++lostCount >= pool.Options.MaxAttempts
                && !await WaitAsync(ShortestRetry, question.Patience, since, cancellationToken).ConfigureAwait(false))
                return Failed(LastFailure.Outcome);
        }
    }

    public void Dispose()
    {
        Drop();
        _account.Ended(Cost, StaleReplyCount);
    }

    private ExpertAnswer Failed(ExpertOutcome outcome)
    {
        _account.Failed(Cost, StaleReplyCount);
        return ExpertAnswer.Failed(outcome);
    }

    private bool TryOpen(TokenHistory history)
    {
        if (_stream is not null)
            return true;
        _replica = pool.TryAcquire(_avoid, out StreamFailure? failure);
        if (_replica is null)
        {
            LastFailure = failure;
            return false;
        }

        _isConfirmed = false;
        Grpc.Core.Metadata? headers = _account.Open(_replica.Address, isReplay: _openCount > 0);
        _stream = ExpertStream.Open(_replica.Client, _replica.Address, terms, history, _openCount++, time, headers, shutdown);
        return true;
    }

    /// <summary>The first word of a replica tells the pool that it is well, and which model it has.</summary>
    private void Confirm()
    {
        if (_isConfirmed || _stream?.Inbox.Opened is not { } opened)
            return;
        _isConfirmed = true;
        _avoid = null;
        _replica!.Opened(opened.Model);
    }

    private bool IsBetterElsewhere()
    {
        if (!_stream!.Inbox.IsDraining)
            return false;
        _replica!.Health.Close(pool.Options.MaxBackoff, new StreamFailure(FailureReason.Draining, $"{_replica.Address} is stopping."));
        return pool.HasOther(_replica);
    }

    /// <summary>Gives the stream up, and tells the pool what its end says of the replica.</summary>
    private void Drop()
    {
        if (_stream is not { } stream)
            return;
        if (stream.Ended is { } failure)
            Judge(failure, wasOpen: stream.Inbox.Opened is not null);
        _account.Lost(stream);
        _closed = Add(_closed, stream);
        _closedStaleReplies += stream.Inbox.StaleReplyCount;
        stream.Dispose();
        ExpertPool.Release(_replica!);
        _stream = null;
    }

    private void Judge(StreamFailure failure, bool wasOpen)
    {
        _avoid = _replica;

        // A connection that breaks once says little: the same address may answer at once, and may be the only one.
        if (wasOpen && failure.Reason == FailureReason.ExpertUnavailable && _lossesInARow++ == 0)
            return;
        if (failure.Reason == FailureReason.Draining)
            _replica!.Health.Close(pool.Options.MaxBackoff, failure);
        else if (failure.IsOverload)
            _replica!.Health.Close(Longer(failure.RetryAfter, ShortestRetry), failure);
        else if (failure.Reason is FailureReason.Evicted or FailureReason.PrefixMismatch || failure.IsOfRequest)
            _avoid = null;
        else
            _replica!.Health.Failed(failure);
    }

    /// <summary>No replica takes a session: waits until one may, if patience lasts so long.</summary>
    private async ValueTask<bool> RetryAsync(StreamFailure failure, TimeSpan patience, long since, CancellationToken cancellationToken)
    {
        if (failure.IsUnfit)
            return false;
        if (failure.IsOverload)
            patience = Longer(patience, pool.Options.OverloadPatience);
        return await WaitAsync(Longer(failure.RetryAfter, ShortestRetry), patience, since, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The replica is full for the moment: goes elsewhere at once where that is possible, else waits as it was told to.</summary>
    private async ValueTask<bool> RefusedAsync(StreamFailure failure, TimeSpan patience, long since, CancellationToken cancellationToken)
    {
        TimeSpan wait = Longer(failure.RetryAfter, ShortestRetry);
        patience = Longer(patience, pool.Options.OverloadPatience);
        if (!pool.HasOther(_replica!))
            return await WaitAsync(wait, patience, since, cancellationToken).ConfigureAwait(false);
        _replica!.Health.Close(wait, failure);
        _avoid = _replica;
        Drop();
        return time.GetElapsedTime(since) < patience;
    }

    private async ValueTask<bool> WaitAsync(TimeSpan wait, TimeSpan patience, long since, CancellationToken cancellationToken)
    {
        TimeSpan left = patience - time.GetElapsedTime(since);
        if (left <= TimeSpan.Zero || shutdown.IsCancellationRequested)
            return false;
        wait = Shorter(Shorter(wait, left), LongestRetry);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, shutdown);
        try
        {
            await Task.Delay(wait, time, either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private static ExpertCost Add(ExpertCost cost, ExpertStream stream) => cost with
    {
        PassCount = cost.PassCount + stream.Inbox.PassCount,
        ComputedTokenCount = cost.ComputedTokenCount + stream.Inbox.ComputedTokenCount,
        BytesUp = cost.BytesUp + stream.BytesUp,
        BytesDown = cost.BytesDown + stream.Inbox.BytesDown,
    };
}
