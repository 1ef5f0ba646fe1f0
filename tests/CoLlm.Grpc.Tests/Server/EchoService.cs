using CoLlm.Grpc.Tests.Protos;
using Grpc.Core;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>What the methods of one test's service do; each answers with what it was sent unless the test says otherwise.</summary>
public sealed class EchoBehavior
{
    public UnaryServerMethod<EchoRequest, EchoReply> Unary { get; init; } =
        (request, _) => Task.FromResult(new EchoReply { Payload = request.Payload });

    public ClientStreamingServerMethod<EchoRequest, EchoReply> Collect { get; init; } = async (requests, _) =>
    {
        EchoReply reply = new();
        await foreach (EchoRequest request in requests.ReadAllAsync())
        {
            reply.Payload = Google.Protobuf.ByteString.CopyFrom([.. reply.Payload, .. request.Payload]);
            reply.Index++;
        }

        return reply;
    };

    public ServerStreamingServerMethod<EchoRequest, EchoReply> Expand { get; init; } = async (request, replies, _) =>
    {
        for (int i = 0; i < request.Repeat; i++)
            await replies.WriteAsync(new EchoReply { Payload = request.Payload, Index = i });
    };

    public DuplexStreamingServerMethod<EchoRequest, EchoReply> Chat { get; init; } = async (requests, replies, _) =>
    {
        while (await requests.MoveNext(CancellationToken.None))
            await replies.WriteAsync(new EchoReply { Payload = requests.Current.Payload });
    };
}

/// <summary>The generated base class, doing what the test says.</summary>
public sealed class EchoService(EchoBehavior behavior) : Echo.EchoBase
{
    public override Task<EchoReply> Unary(EchoRequest request, ServerCallContext context) => behavior.Unary(request, context);

    public override Task<EchoReply> Collect(IAsyncStreamReader<EchoRequest> requestStream, ServerCallContext context) =>
        behavior.Collect(requestStream, context);

    public override Task Expand(EchoRequest request, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context) =>
        behavior.Expand(request, responseStream, context);

    public override Task Chat(
        IAsyncStreamReader<EchoRequest> requestStream, IServerStreamWriter<EchoReply> responseStream, ServerCallContext context) =>
        behavior.Chat(requestStream, responseStream, context);
}
