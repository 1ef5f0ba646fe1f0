using CoLlm.Interop.Contract;
using Grpc.Core;

namespace CoLlm.Interop.Tests;

/// <summary>A server to perform cases against, and what it is able to show.</summary>
internal sealed record InteropTarget(CallInvoker Invoker, CompressionWatch Watch, bool ChecksRequestCompression, bool CompressesResponses)
{
    public TestService.TestServiceClient Client { get; } = new(Invoker);
}

/// <summary>The interoperability cases by name, as our client performs them.</summary>
internal static class InteropCases
{
    private static readonly Dictionary<string, Func<InteropTarget, Task>> Cases = new(StringComparer.Ordinal)
    {
        ["empty_unary"] = PlainCases.EmptyUnaryAsync,
        ["large_unary"] = PlainCases.LargeUnaryAsync,
        ["client_streaming"] = PlainCases.ClientStreamingAsync,
        ["server_streaming"] = PlainCases.ServerStreamingAsync,
        ["ping_pong"] = PlainCases.PingPongAsync,
        ["empty_stream"] = PlainCases.EmptyStreamAsync,
        ["client_compressed_unary"] = CompressionCases.ClientUnaryAsync,
        ["client_compressed_streaming"] = CompressionCases.ClientStreamingAsync,
        ["server_compressed_unary"] = CompressionCases.ServerUnaryAsync,
        ["server_compressed_streaming"] = CompressionCases.ServerStreamingAsync,
        ["custom_metadata"] = StatusCases.CustomMetadataAsync,
        ["status_code_and_message"] = StatusCases.StatusCodeAndMessageAsync,
        ["special_status_message"] = StatusCases.SpecialStatusMessageAsync,
        ["unimplemented_method"] = StatusCases.UnimplementedMethodAsync,
        ["unimplemented_service"] = StatusCases.UnimplementedServiceAsync,
        ["cancel_after_begin"] = StatusCases.CancelAfterBeginAsync,
        ["cancel_after_first_response"] = StatusCases.CancelAfterFirstResponseAsync,
        ["timeout_on_sleeping_server"] = StatusCases.TimeoutOnSleepingServerAsync,
    };

    public static IEnumerable<string> Names => Cases.Keys;

    /// <summary>Every peer with every case.</summary>
    public static TheoryData<string, string> ForEveryPeer()
    {
        TheoryData<string, string> cases = [];
        foreach (Peer peer in Peer.All)
        {
            foreach (string name in Names)
                cases.Add(peer.Name, name);
        }

        return cases;
    }

    public static Task PerformAsync(string name, InteropTarget target) => Cases[name](target);
}
