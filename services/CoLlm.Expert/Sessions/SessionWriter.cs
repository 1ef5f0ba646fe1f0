using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Expert.Sessions;

/// <summary>
/// Writes one session's messages, one at a time whoever sends them: the session's own loop, or the table that evicts it. Nothing is
/// written after the message that ends the session.
/// </summary>
internal sealed class SessionWriter(IServerStreamWriter<SessionResponse> stream) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly SessionResponse _envelope = new();
    private bool _isClosed;

    public Task WriteAsync(Opened opened) => WriteAsync(static (envelope, message) => envelope.Opened = message, opened, isLast: false);

    public Task WriteAsync(Applied applied) => WriteAsync(static (envelope, message) => envelope.Applied = message, applied, isLast: false);

    public Task WriteAsync(Answer answer) => WriteAsync(static (envelope, message) => envelope.Answer = message, answer, isLast: false);

    public Task WriteAsync(Notice notice) => WriteAsync(static (envelope, message) => envelope.Notice = message, notice, notice.EndsSession);

    public void Dispose() => _turn.Dispose();

    private async Task WriteAsync<TMessage>(Action<SessionResponse, TMessage> fill, TMessage message, bool isLast)
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_isClosed)
                return;
            _isClosed = isLast;
            fill(_envelope, message);
            await stream.WriteAsync(_envelope).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }
}
