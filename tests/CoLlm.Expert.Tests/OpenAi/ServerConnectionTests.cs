using CoLlm.Expert.Models;
using CoLlm.Expert.OpenAi;
using CoLlm.Expert.Tests.OpenAi.Servers;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Tests.OpenAi;

/// <summary>The bounds of the way to one server.</summary>
public sealed class ServerConnectionTests
{
    [Fact]
    public async Task GetAsync_NoPlaceInTime_IsOverloadAndNamesTheBound()
    {
        await using CompletionsServer server = await CompletionsServer.StartAsync(ServerFlavor.Vllm);
        TaskCompletionSource arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Instead = async context =>
        {
            arrived.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            return true;
        };
        OpenAiOptions options = server.Options().OpenAi! with { MaxConcurrentRequests = 1 };
        using ServerConnection connection = new(options, apiKey: null, TimeSpan.FromSeconds(3), new PatientOnce());
        using CancellationTokenSource over = new();
        Task<ServerReply> first = connection.GetAsync("v1/models", 1000, over.Token);
        await arrived.Task;

        BackendException refused = await Assert.ThrowsAsync<BackendException>(() => connection.GetAsync("v1/models", 1000, CancellationToken.None));

        Assert.Equal((FailureReason.Overloaded, TimeSpan.FromSeconds(3)), (refused.Fault.Reason, refused.Fault.RetryAfter));
        Assert.Equal(
            $"All 1 requests to the server at {server.Address} (MaxConcurrentRequests) were taken for 00:01:00 (RequestTimeout).", refused.Message);
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    /// <summary>Time that stands still for the first who waits, and is over at once for all others.</summary>
    private sealed class PatientOnce : TimeProvider
    {
        private int _timerCount;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Interlocked.Increment(ref _timerCount) == 1 ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, period);
    }
}
