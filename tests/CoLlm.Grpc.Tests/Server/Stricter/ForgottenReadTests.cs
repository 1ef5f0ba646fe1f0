using CoLlm.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.Grpc.Tests.Server.Stricter;

/// <summary>
/// A method that returns while a read still waits. The server uses a stream's pipe again for the connection's next calls, so a forgotten
/// read would take their bytes.
/// </summary>
public sealed class ForgottenReadTests
{
    [Fact]
    public async Task Return_WhileAReadWaits_EndsTheReadAndLeavesLaterCallsAlone()
    {
        List<Task<bool>> forgotten = [];
        EchoBehavior behavior = new()
        {
            Chat = async (requests, replies, _) =>
            {
                while (await requests.MoveNext(CancellationToken.None))
                {
                    await replies.WriteAsync(new EchoReply { Payload = requests.Current.Payload });
                    if (requests.Current.Repeat == 0)
                        continue;
                    forgotten.Add(requests.MoveNext(CancellationToken.None));
                    return;
                }
            },
        };
        await using EchoHost host = await EchoHost.StartAsync(behavior);
        using GrpcChannel channel = GrpcChannel.ForAddress(host.Address);
        Echo.EchoClient client = new(channel);

        for (int i = 0; i < 30; i++)
        {
            await ChatAsync(client, $"forgets {i}", isForgetful: true);
            await ChatAsync(client, $"reads on {i}", isForgetful: false);
        }

        Assert.Equal(30, forgotten.Count);
        foreach (Task<bool> read in forgotten)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    private static async Task ChatAsync(Echo.EchoClient client, string text, bool isForgetful)
    {
        using AsyncDuplexStreamingCall<EchoRequest, EchoReply> call = client.Chat();
        int count = isForgetful ? 1 : 3;
        for (int i = 0; i < count; i++)
        {
            await call.RequestStream.WriteAsync(new EchoRequest { Payload = ByteString.CopyFromUtf8($"{text}, {i}"), Repeat = isForgetful ? 1 : 0 });
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal($"{text}, {i}", call.ResponseStream.Current.Payload.ToStringUtf8());
        }

        if (!isForgetful)
            await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }
}
