using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>A server that goes away, frame by frame: streams that it never served are UNAVAILABLE, so that a caller may try again.</summary>
public sealed class RefusedStreamTests
{
    private static readonly byte[] Settings = Frame(0x4, 0, 0, []);

    [Theory]
    [InlineData(0x0)]
    [InlineData(0x7)]
    public async Task UnaryCall_GoAwayBelowItsStream_IsUnavailable(byte error)
    {
        await using ScriptedServer server = new(_ => Frame(0x7, 0, 0, [0, 0, 0, 0, 0, 0, 0, error]));
        Assert.Equal(StatusCode.Unavailable, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
        Assert.True(server.ConnectionCount > 1, "a stream that was never served is first tried again on a new connection");
    }

    [Fact]
    public async Task DuplexCall_RefusedAfterAWrite_IsUnavailableAndNotRepeatedInPart()
    {
        await using ScriptedServer server = new(stream => Frame(0x3, 0, stream, [0, 0, 0, 7]), answersData: true);
        using var call = server.Invoker.CallDuplex();
        await call.RequestStream.WriteAsync(Message());
        Assert.Equal(StatusCode.Unavailable, (await StatusOf(() => call.ResponseStream.MoveNext(default))).StatusCode);
        Assert.Equal(1, server.MessageCount);
    }

    [Fact]
    public async Task UnaryCall_ConnectionCutWithoutAnswer_IsUnavailable()
    {
        await using ScriptedServer server = new(_ => []);
        Assert.Equal(StatusCode.Unavailable, (await StatusOf(async () => await server.Invoker.CallUnary())).StatusCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task MoveNext_ServerNoLongerAnswersPings_IsUnavailable()
    {
        using SocketsHttpHandler handler = new();
        handler.KeepAlivePingDelay = TimeSpan.FromSeconds(1);
        handler.KeepAlivePingTimeout = TimeSpan.FromSeconds(1);
        await using ScriptedServer server = new(_ => [], answersData: true, handler);
        using var call = server.Invoker.CallDuplex();
        await call.RequestStream.WriteAsync(Message());
        Status status = await StatusOf(() => call.ResponseStream.MoveNext(default));
        Assert.True(status.StatusCode == StatusCode.Unavailable, status.ToString());
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload) =>
        [0, 0, (byte)payload.Length, type, flags, (byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream, .. payload];

    /// <summary>Speaks just enough HTTP/2 to greet a client, read its frames, and answer the first request of a connection with given bytes.</summary>
    private sealed class ScriptedServer : IAsyncDisposable
    {
        private const int PrefaceLength = 24;
        private const int DataFrame = 0x0;
        private const int HeadersFrame = 0x1;

        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Func<int, byte[]> _answer;
        private readonly bool _answersData;
        private readonly GrpcChannel _channel;
        private readonly CancellationTokenSource _closing = new();
        private readonly Task _accepting;

        public ScriptedServer(Func<int, byte[]> answer, bool answersData = false, HttpMessageHandler? handler = null)
        {
            _answer = answer;
            _answersData = answersData;
            _listener.Start();
            _channel = GrpcChannel.ForAddress($"http://{_listener.LocalEndpoint}", new GrpcChannelOptions { HttpHandler = handler });
            Invoker = _channel.CreateCallInvoker();
            _accepting = AcceptAsync();
        }

        public CallInvoker Invoker { get; }

        public int ConnectionCount { get; private set; }

        public int MessageCount { get; private set; }

        public async ValueTask DisposeAsync()
        {
            _channel.Dispose();
            await _closing.CancelAsync();
            await _accepting;
            _listener.Dispose();
            _closing.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await _listener.AcceptTcpClientAsync(_closing.Token);
                    ConnectionCount++;
                    await ServeAsync(client);
                }
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }

        private async Task ServeAsync(TcpClient client)
        {
            NetworkStream stream = client.GetStream();
            try
            {
                await stream.WriteAsync(Settings);
                await stream.ReadExactlyAsync(new byte[PrefaceLength]);
                byte[] header = new byte[9];
                while (true)
                {
                    await stream.ReadExactlyAsync(header);
                    int length = (header[0] << 16) | (header[1] << 8) | header[2];
                    await stream.ReadExactlyAsync(new byte[length]);
                    if (header[3] == DataFrame && length > 0)
                        MessageCount++;
                    if (header[3] != (_answersData ? DataFrame : HeadersFrame))
                        continue;

                    await stream.WriteAsync(_answer(header[8]));
                    if (!_answersData)
                        break;
                }

                // A connection that is closed upon bytes nobody has read is reset, which may overtake the answer.
                client.Client.Shutdown(SocketShutdown.Send);
                await stream.CopyToAsync(Stream.Null, _closing.Token);
            }
            catch (IOException)
            {
                // The client has left this connection.
            }
        }
    }
}
