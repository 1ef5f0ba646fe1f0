using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>A method of each shape over <see cref="BytesValue"/>, with marshallers as the generated code has them.</summary>
internal static class EchoMethods
{
    public static readonly Method<BytesValue, BytesValue> Unary = Create(MethodType.Unary, "Unary");
    public static readonly Method<BytesValue, BytesValue> ServerStreaming = Create(MethodType.ServerStreaming, "ServerStreaming");
    public static readonly Method<BytesValue, BytesValue> ClientStreaming = Create(MethodType.ClientStreaming, "ClientStreaming");
    public static readonly Method<BytesValue, BytesValue> Duplex = Create(MethodType.DuplexStreaming, "Duplex");

    public static BytesValue Message(int length = 3) => new() { Value = ByteString.CopyFrom(new byte[length]) };

    public static BytesValue Text(string text) => new() { Value = ByteString.CopyFromUtf8(text) };

    public static AsyncUnaryCall<BytesValue> CallUnary(this CallInvoker invoker, CallOptions options = default, BytesValue? request = null) =>
        invoker.AsyncUnaryCall(Unary, null, options, request ?? Message());

    public static AsyncServerStreamingCall<BytesValue> CallServerStreaming(this CallInvoker invoker, CallOptions options = default) =>
        invoker.AsyncServerStreamingCall(ServerStreaming, null, options, Message());

    public static AsyncClientStreamingCall<BytesValue, BytesValue> CallClientStreaming(this CallInvoker invoker, CallOptions options = default) =>
        invoker.AsyncClientStreamingCall(ClientStreaming, null, options);

    public static AsyncDuplexStreamingCall<BytesValue, BytesValue> CallDuplex(this CallInvoker invoker, CallOptions options = default) =>
        invoker.AsyncDuplexStreamingCall(Duplex, null, options);

    /// <summary>The status with which an action fails.</summary>
    public static async Task<Status> StatusOf(Func<Task> action) => (await Assert.ThrowsAsync<RpcException>(action)).Status;

    private static Method<BytesValue, BytesValue> Create(MethodType type, string name)
    {
        Marshaller<BytesValue> marshaller = new(Serialize, context => BytesValue.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));
        return new Method<BytesValue, BytesValue>(type, "test.Echo", name, marshaller, marshaller);
    }

    private static void Serialize(BytesValue message, SerializationContext context)
    {
        context.SetPayloadLength(message.CalculateSize());
        IBufferWriter<byte> writer = context.GetBufferWriter();
        message.WriteTo(writer);
        context.Complete();
    }
}
