using CoLlm.Protocol.V1;
using CoLlm.Router.Api;
using Grpc.Core;

namespace CoLlm.Router.Tests.Api;

/// <summary>A client that takes neither the first nor the last event does not keep its place for ever.</summary>
public sealed class BoundedWriteTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private readonly ManualTime _time = new();

    [Fact]
    public async Task WriteAsync_ClientNeverReads_IsGivenUpNamingTheBound()
    {
        Task write = BoundedWrite.WriteAsync(new UnreadStream(), new GenerateResponse(), Bound, _time, default);
        Assert.False(write.IsCompleted);
        _time.Advance(Bound);
        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => write);
        Assert.Equal((StatusCode.Cancelled, "The client has taken no token for 300 s, which is the bound."), (exception.StatusCode, exception.Status.Detail));
    }

    [Fact]
    public async Task WriteAsync_ClientLeaves_EndsAsCancelled()
    {
        using CancellationTokenSource leaving = new();
        Task write = BoundedWrite.WriteAsync(new UnreadStream(), new GenerateResponse(), Bound, _time, leaving.Token);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
    }

    /// <summary>Takes nothing until the write is given up.</summary>
    private sealed class UnreadStream : IServerStreamWriter<GenerateResponse>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(GenerateResponse message) => WriteAsync(message, default);

        public Task WriteAsync(GenerateResponse message, CancellationToken cancellationToken) => Task.Delay(Timeout.Infinite, cancellationToken);
    }
}
