using CoLlm.Protocol.V1;
using CoLlm.Training.Remote;
using Grpc.Core;

namespace CoLlm.Training.Tests.Remote;

/// <summary>What is told of a stream that the service ended is the service's reason, not what the transport makes of it.</summary>
public sealed class RemoteExpertTests
{
    [Fact]
    public async Task Open_ServiceEndsTheStreamBeforeTheTermsAreWritten_FailsWithItsReason()
    {
        using AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call = Ended(new Status(StatusCode.Unavailable, "full house"));

        RpcException failed = await Assert.ThrowsAsync<RpcException>(() => RemoteExpert.OpenAsync(call, new ScoreOpen(), CancellationToken.None));

        Assert.Equal("full house", failed.Status.Detail);
    }

    [Fact]
    public async Task Send_ServiceHasEndedTheStream_LeavesItsReasonToWhoReads()
    {
        using AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call = Ended(new Status(StatusCode.Unavailable, "gone"));

        await RemoteExpert.SendAsync(call, new ScoreRequest(), CancellationToken.None);

        RpcException failed = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("gone", failed.Status.Detail);
    }

    /// <summary>A call whose requests meet a stream that was reset, while its response still says how the service ended it.</summary>
    private static AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> Ended(Status status) => new(
        new Reset(), new Answered(status), Task.FromResult(new Metadata()), () => status, () => [], () => { });

    private sealed class Reset : IClientStreamWriter<ScoreRequest>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(ScoreRequest message) => Task.FromException(new RpcException(new Status(StatusCode.Cancelled, "The call was cancelled.")));

        public Task WriteAsync(ScoreRequest message, CancellationToken cancellationToken) => WriteAsync(message);

        public Task CompleteAsync() => Task.CompletedTask;
    }

    private sealed class Answered(Status status) : IAsyncStreamReader<ScoreResponse>
    {
        public ScoreResponse Current => throw new InvalidOperationException("Nothing was read.");

        public Task<bool> MoveNext(CancellationToken cancellationToken) => Task.FromException<bool>(new RpcException(status));
    }
}
