using System.Net;
using System.Net.Sockets;

namespace CoLlm.EndToEnd.Tests.Processes;

/// <summary>
/// A wire between router and expert that a test can hold still: replies stop after a number of bytes, until it lets them go on. So a
/// disturbance hits the middle of an answer without any clock.
/// </summary>
internal sealed class PausingProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _closed = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _pumps = [];
    private TaskCompletionSource _paused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytesLeft = long.MaxValue;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Takes a port where connections are refused until <see cref="Connect"/>.</summary>
    public PausingProxy()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndPoint!).Port}";
    }

    public string Address { get; }

    /// <summary>Completes once replies are being held back.</summary>
    public Task Paused => _paused.Task;

    /// <summary>Passes connections on from now on.</summary>
    public PausingProxy Connect(string target)
    {
        _listener.Listen();
        _accepting = AcceptAsync(new Uri(target));
        return this;
    }

    /// <summary>Lets this many more bytes of replies through, then holds them.</summary>
    public void PauseAfter(int bytes)
    {
        lock (_lock)
        {
            _bytesLeft = bytes;
            _paused = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _resumed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets everything through again, what was held first.</summary>
    public void Resume()
    {
        lock (_lock)
        {
            _bytesLeft = long.MaxValue;
            _resumed.TrySetResult();
        }
    }

    /// <summary>Ends the connections whose replies are held, and what was held never arrives.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            _bytesLeft = long.MaxValue;
            _resumed.TrySetCanceled();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_pumps);
        _closed.Dispose();
    }

    private async Task AcceptAsync(Uri target)
    {
        while (true)
        {
            Socket client = await _listener.AcceptAsync(_closed.Token);
            client.NoDelay = true;
            _pumps.Add(ConnectAsync(client, target));
        }
    }

    private async Task ConnectAsync(Socket client, Uri target)
    {
        using Socket near = client;
        using Socket far = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_closed.Token);
        try
        {
            await far.ConnectAsync(target.Host, target.Port, ended.Token);
            Task up = PumpAsync(near, far, isReply: false, ended.Token);
            Task down = PumpAsync(far, near, isReply: true, ended.Token);
            await Task.WhenAny(up, down);
            await ended.CancelAsync();
            await Task.WhenAll(up, down);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Either side is gone; closing both sockets tells the other.
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool isReply, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[16 * 1024];
        while (await from.ReceiveAsync(buffer, cancellationToken) is > 0 and int count)
        {
            if (isReply)
                await PassAsync(count).WaitAsync(cancellationToken);
            for (int sent = 0; sent < count;)
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), cancellationToken);
        }
    }

    private Task PassAsync(int count)
    {
        lock (_lock)
        {
            if (_bytesLeft >= count)
            {
                _bytesLeft -= count;
                return Task.CompletedTask;
            }

            _bytesLeft = 0;
            _paused.TrySetResult();
            return _resumed.Task;
        }
    }
}
