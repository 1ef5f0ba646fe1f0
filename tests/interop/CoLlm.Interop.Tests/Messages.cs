using CoLlm.Interop.Contract;
using Google.Protobuf;
using Grpc.Core;

namespace CoLlm.Interop.Tests;

/// <summary>The messages that the cases share, with the sizes that the interoperability list gives them.</summary>
internal static class Messages
{
    public const int LargeRequest = 271828;
    public const int LargeResponse = 314159;

    public static readonly int[] RequestSizes = [27182, 8, 1828, 45904];
    public static readonly int[] ResponseSizes = [31415, 9, 2653, 58979];

    /// <summary>Options under which no case can hang.</summary>
    public static CallOptions Soon(Metadata? headers = null, WriteOptions? writeOptions = null) =>
        new(headers, DateTime.UtcNow.AddSeconds(60), writeOptions: writeOptions);

    public static Payload Zeros(int size) => new() { Body = UnsafeByteOperations.UnsafeWrap(new byte[size]) };

    public static SimpleRequest Large() => new() { ResponseSize = LargeResponse, Payload = Zeros(LargeRequest) };

    public static StreamingOutputCallRequest Output(int responseSize, int requestSize) => new()
    {
        ResponseParameters = { new ResponseParameters { Size = responseSize } },
        Payload = Zeros(requestSize),
    };

    public static void AssertZeros(int size, Payload payload) => Assert.Equal(Zeros(size).Body, payload.Body);

    public static async Task<RpcException> AssertStatusAsync(StatusCode code, Func<Task> action)
    {
        RpcException exception = await Assert.ThrowsAsync<RpcException>(action);
        Assert.Equal(code, exception.StatusCode);
        return exception;
    }

    /// <summary>Reads a stream to its end.</summary>
    public static async Task<List<T>> ReadAsync<T>(IAsyncStreamReader<T> reader)
        where T : class
    {
        List<T> messages = [];
        await foreach (T message in reader.ReadAllAsync())
            messages.Add(message);

        return messages;
    }
}
