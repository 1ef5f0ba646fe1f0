using CoLlm.ServiceDefaults.Shutdown;

namespace CoLlm.ServiceDefaults.Tests.Shutdown;

public sealed class DrainGateTests
{
    [Fact]
    public async Task DrainAsync_NoWork_ReturnsAtOnceAndRefusesNewWork()
    {
        using DrainGate gate = new();

        Assert.Equal(0, await gate.DrainAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None));

        Assert.Null(gate.TryEnter());
        Assert.True(gate.Expired.IsCancellationRequested);
    }

    [Fact]
    public async Task DrainAsync_WorkRuns_WaitsForTheLastOfIt()
    {
        using DrainGate gate = new();
        IDisposable first = gate.TryEnter()!, second = gate.TryEnter()!;

        Task<int> drained = gate.DrainAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None);
        first.Dispose();
        first.Dispose();
        Assert.False(drained.IsCompleted);
        Assert.False(gate.Expired.IsCancellationRequested);
        second.Dispose();

        Assert.Equal(0, await drained);
    }

    [Fact]
    public async Task DrainAsync_TimeIsOver_ExpiresAndCountsWhatIsCutOff()
    {
        using DrainGate gate = new();
        using IDisposable work = gate.TryEnter()!;
        using CancellationTokenSource over = new();

        Task<int> drained = gate.DrainAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, over.Token);
        Assert.True(gate.Draining.IsCancellationRequested);
        await over.CancelAsync();

        Assert.Equal(1, await drained);
        Assert.True(gate.Expired.IsCancellationRequested);
    }

    [Fact]
    public async Task TryEnter_RacesWithDrain_NothingIsLostOrCountedTwice()
    {
        for (int round = 0; round < 200; round++)
        {
            using DrainGate gate = new();
            using Barrier start = new(3);
            Task[] workers = [.. Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    start.SignalAndWait();
                    for (int i = 0; i < 50; i++)
                        gate.TryEnter()?.Dispose();
                },
                CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            start.SignalAndWait();
            Assert.Equal(0, await gate.DrainAsync(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None));
            await Task.WhenAll(workers);
            Assert.Equal(0, gate.WorkCount);
        }
    }
}
