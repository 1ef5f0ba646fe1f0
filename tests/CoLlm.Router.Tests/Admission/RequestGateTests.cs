using CoLlm.Router.Admission;

namespace CoLlm.Router.Tests.Admission;

/// <summary>The bounds of the gate: places, queue and waiting time, and that nobody overtakes.</summary>
public sealed class RequestGateTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task EnterAsync_PlacesTaken_WaitsInLineFirstComeFirstServed()
    {
        RequestGate gate = Gate(places: 1, queue: 2);
        (IDisposable? first, _) = await gate.EnterAsync(default);
        Task<(IDisposable? Place, string?)> second = gate.EnterAsync(default).AsTask();
        Task<(IDisposable?, string?)> third = gate.EnterAsync(default).AsTask();
        Assert.Equal((1, 2), (gate.RunningCount, gate.WaitingCount));

        first!.Dispose();
        (IDisposable? place, _) = await second;
        Assert.NotNull(place);
        Assert.False(third.IsCompleted);
        place.Dispose();
        Assert.NotNull((await third).Item1);
        Assert.Equal((1, 0), (gate.RunningCount, gate.WaitingCount));
    }

    [Fact]
    public async Task EnterAsync_QueueFull_RefusesAtOnceNamingBothBounds()
    {
        RequestGate gate = Gate(places: 1, queue: 1);
        await gate.EnterAsync(default);
        _ = gate.EnterAsync(default).AsTask();

        (IDisposable? place, string? refusal) = await gate.EnterAsync(default);

        Assert.Null(place);
        Assert.Equal("All 1 requests and 1 places in the queue are taken.", refusal);
    }

    [Fact]
    public async Task EnterAsync_WaitedTooLong_RefusesAndLeavesTheLine()
    {
        RequestGate gate = Gate(places: 1, queue: 1);
        (IDisposable? first, _) = await gate.EnterAsync(default);
        Task<(IDisposable? Place, string? Refusal)> second = gate.EnterAsync(default).AsTask();

        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Contains("10 s", (await second).Refusal, StringComparison.Ordinal);
        Assert.Equal(0, gate.WaitingCount);
        first!.Dispose();
        Assert.Equal(0, gate.RunningCount);
    }

    [Fact]
    public async Task EnterAsync_Cancelled_LeavesTheLine()
    {
        RequestGate gate = Gate(places: 1, queue: 1);
        (IDisposable? first, _) = await gate.EnterAsync(default);
        using CancellationTokenSource leaving = new();
        Task<(IDisposable?, string?)> second = gate.EnterAsync(leaving.Token).AsTask();

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        first!.Dispose();
        Assert.Equal((0, 0), (gate.RunningCount, gate.WaitingCount));
    }

    [Fact]
    public async Task Place_DisposedTwice_FreesOnePlace()
    {
        RequestGate gate = Gate(places: 2, queue: 0);
        (IDisposable? first, _) = await gate.EnterAsync(default);
        await gate.EnterAsync(default);

        first!.Dispose();
        first.Dispose();

        Assert.Equal(1, gate.RunningCount);
    }

    private RequestGate Gate(int places, int queue) =>
        new(new AdmissionOptions { MaxConcurrentRequests = places, MaxQueuedRequests = queue }, _time);
}
