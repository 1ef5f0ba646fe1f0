using System.Threading.Channels;
using CoLlm.Decoding;
using CoLlm.Protocol.V1;
using CoLlm.Router.Telemetry;
using Grpc.Core;
using TokenEvent = CoLlm.Decoding.TokenEvent;

namespace CoLlm.Router.Api;

/// <summary>
/// Sends each token to the client as it is decided, beside the decoding, which goes on meanwhile. A client that reads slowly slows its
/// own answer: decoding waits once <see cref="MaxQueuedTokens"/> wait to be sent. Tokens that wait together leave together.
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
    private readonly Task _sending;

    /// <param name="responses">The client's stream; nobody else writes to it until the sink is complete.</param>
    /// <param name="measures">Where tokens are recorded, by nobody else until the sink is complete; null: nowhere.</param>
    /// <param name="cancellationToken">The client is gone.</param>
    public TokenEventSink(IServerStreamWriter<GenerateResponse> responses, AnswerMeasures? measures, CancellationToken cancellationToken)
    {
        _responses = responses;
        _measures = measures;
        _sending = SendAsync(cancellationToken);
    }

    public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken) =>
        _queue.Writer.TryWrite(token) ? default : WaitAsync(token, cancellationToken);

    /// <summary>Waits until the transport has taken every token.</summary>
    /// <exception cref="IOException">The client is gone; or whatever else the transport reported.</exception>
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
        try
        {
            while (await _queue.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                while (_queue.Reader.TryRead(out TokenEvent token))
                {
                    _responses.WriteOptions = _queue.Reader.TryPeek(out _) ? MoreFollow : null;
                    long since = _measures?.Now ?? 0;
                    await _responses.WriteAsync(AnswerMessages.Token(token), cancellationToken).ConfigureAwait(false);
                    _measures?.Emitted(token, since);
                }
            }
        }
        finally
        {
            _responses.WriteOptions = null;
            _queue.Writer.TryComplete();
        }
    }
}
