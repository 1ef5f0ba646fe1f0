using System.Threading.Channels;
using CoLlm.Decoding;
using CoLlm.Protocol.V1;
using CoLlm.Router.Telemetry;
using Grpc.Core;
using TokenEvent = CoLlm.Decoding.TokenEvent;

namespace CoLlm.Router.Api;

/// <summary>
/// Sends each token to the client as it is decided, beside the decoding, which goes on meanwhile. A client that reads slowly slows its
/// own answer: decoding waits once <see cref="MaxQueuedTokens"/> wait to be sent; one that does not read at all is given up after a time.
/// Tokens that wait together leave together.
/// </summary>
internal sealed class TokenEventSink : ITokenSink, IAsyncDisposable
{
    /// <summary>Tokens decided and not yet taken by the transport.</summary>
    public const int MaxQueuedTokens = 16;

    private static readonly WriteOptions MoreFollow = new(WriteFlags.BufferHint);

    private readonly Channel<TokenEvent> _queue = Channel.CreateBounded<TokenEvent>(
        new BoundedChannelOptions(MaxQueuedTokens) { SingleReader = true, SingleWriter = true });

    private readonly IServerStreamWriter<GenerateResponse> _responses;
    private readonly AnswerMeasures? _measures;
    private readonly TimeSpan _maxUnreadTime;
    private readonly TimeProvider _time;
    private readonly Task _sending;

    /// <param name="responses">The client's stream; nobody else writes to it until the sink is complete.</param>
    /// <param name="measures">Where tokens are recorded, by nobody else until the sink is complete; null: nowhere.</param>
    /// <param name="maxUnreadTime">How long the transport may take for a token.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellationToken">The client is gone.</param>
    public TokenEventSink(
        IServerStreamWriter<GenerateResponse> responses, AnswerMeasures? measures, TimeSpan maxUnreadTime, TimeProvider time, CancellationToken cancellationToken)
    {
        _responses = responses;
        _measures = measures;
        _maxUnreadTime = maxUnreadTime;
        _time = time;
        _sending = SendAsync(cancellationToken);
    }

    public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken) =>
        _queue.Writer.TryWrite(token) ? default : WaitAsync(token, cancellationToken);

    /// <summary>Waits until the transport has taken every token.</summary>
    /// <exception cref="IOException">The client is gone; or whatever else the transport reported.</exception>
    /// <exception cref="RpcException">The client has not read for too long; its call is over.</exception>
    public Task CompleteAsync()
    {
        _queue.Writer.TryComplete();
        return _sending;
    }

    /// <summary>Ends the sending; a failure of it has been told to whoever emitted, or no longer matters.</summary>
    public async ValueTask DisposeAsync() =>
        await CompleteAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async ValueTask WaitAsync(TokenEvent token, CancellationToken cancellationToken)
    {
        try
        {
            await _queue.Writer.WriteAsync(token, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            await _sending.ConfigureAwait(false);
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bool isGivenUp = false;
        await using ITimer patience = _time.CreateTimer(_ => GiveUp(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (_queue.Reader.TryRead(out TokenEvent token))
                    await SendAsync(token, patience, ending.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (Volatile.Read(ref isGivenUp))
        {
            throw BoundedWrite.GivenUp(_maxUnreadTime, exception);
        }
        finally
        {
            _responses.WriteOptions = null;
            _queue.Writer.TryComplete();
        }

        void GiveUp()
        {
            Volatile.Write(ref isGivenUp, true);
            ending.Cancel();
        }
    }

    private async ValueTask SendAsync(TokenEvent token, ITimer patience, CancellationToken ending)
    {
        _responses.WriteOptions = _queue.Reader.TryPeek(out _) ? MoreFollow : null;
        long since = _measures?.Now ?? 0;
        Task write = _responses.WriteAsync(AnswerMessages.Token(token), ending);
        bool isTaken = write.IsCompleted;
        if (!isTaken)
            patience.Change(_maxUnreadTime, Timeout.InfiniteTimeSpan);
        await write.ConfigureAwait(false);
        if (!isTaken)
            patience.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _measures?.Emitted(token, since);
    }
}
