using System.Net.Sockets;
using System.Text;
using CoLlm.Grpc.Tests.Protos;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>A client whose connection is open but dead is noticed by the pings that it does not answer.</summary>
public sealed class KeepAliveTests
{
    private const byte EndOfHeaders = 0x4;
    private const byte DataFrame = 0x0;
    private const byte HeadersFrame = 0x1;
    private const byte SettingsFrame = 0x4;

    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    [Fact(Timeout = 60_000)]
    public async Task Method_ClientNoLongerAnswersPings_IsCancelled()
    {
        TaskCompletionSource<Exception?> left = new(TaskCreationOptions.RunContinuationsAsynchronously);
        EchoBehavior behavior = new()
        {
            Chat = async (requests, _, context) =>
            {
                left.SetResult(await Record.ExceptionAsync(async () =>
                {
                    while (await requests.MoveNext(context.CancellationToken))
                    {
                    }
                }));
            },
        };
        await using EchoHost host = await EchoHost.StartAsync(behavior, listen: SendPings);
        using TcpClient client = new();
        await client.ConnectAsync(host.Address.Host, host.Address.Port, TestContext.Current.CancellationToken);
        await client.GetStream().WriteAsync(Call(), TestContext.Current.CancellationToken);
        Assert.NotNull(await left.Task);
    }

    private static void SendPings(ListenOptions endpoint)
    {
        endpoint.KestrelServerOptions.Limits.Http2.KeepAlivePingDelay = Shortest;
        endpoint.KestrelServerOptions.Limits.Http2.KeepAlivePingTimeout = Shortest;
    }

    /// <summary>A connection's first bytes and one call with one message, whose requests stay open.</summary>
    private static byte[] Call() =>
    [
        .. Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        .. Frame(SettingsFrame, 0, 0, []),
        .. Frame(HeadersFrame, EndOfHeaders, 1, [0x83, 0x86, 0x04, .. Text("/collm.testing.Echo/Chat"), 0x01, .. Text("localhost"), 0x0f, 0x10, .. Text("application/grpc")]),
        .. Frame(DataFrame, 0, 1, RawCall.Frame(new EchoRequest())),
    ];

    private static byte[] Text(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Frame(byte type, byte flags, byte stream, byte[] payload) =>
        [0, 0, (byte)payload.Length, type, flags, 0, 0, 0, stream, .. payload];
}
