using CoLlm.Inference.Cpu.Threading;

namespace CoLlm.Inference.Cpu.Tests.Threading;

public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void For_ManyLoopsOfAllSizes_RunsEveryItemOnce(int threads)
    {
        using var pool = new WorkerPool(threads);
        var counts = new Counting();
        pool.Execute(new Program(() =>
        {
            for (int size = 0; size < 300; size++)
            {
                counts.Hits = new int[size];
                pool.For(size, counts);
                Assert.All(counts.Hits, hits => Assert.Equal(1, hits));
            }
        }));
    }

    [Fact]
    public void Execute_ProgramThrows_ThrowsItHereAndGoesOn()
    {
        using var pool = new WorkerPool(2);
        Assert.Throws<InvalidDataException>(() => pool.Execute(new Program(() => throw new InvalidDataException("bad"))));
        bool ran = false;
        pool.Execute(new Program(() => ran = true));
        Assert.True(ran);
    }

    [Fact]
    public void For_NothingMoreToDo_AllThreadsGoToSleepAndWakeForTheNextLoop()
    {
        using var pool = new WorkerPool(4);
        var counts = new Counting();
        for (int round = 0; round < 3; round++)
        {
            counts.Hits = new int[50];
            pool.Execute(new Program(() => pool.For(counts.Hits.Length, counts)));
            Assert.All(counts.Hits, hits => Assert.Equal(1, hits));

            // They spin for a tenth of a millisecond; a thread that never slept would keep this waiting for good.
            SpinWait.SpinUntil(() => pool.SleepingCount == 3);
        }
    }

    [Fact]
    public void Execute_AnyPool_RunsTheProgramOnTheCallersThread()
    {
        using var pool = new WorkerPool(2);
        Thread? ran = null;

        pool.Execute(new Program(() => ran = Thread.CurrentThread));

        Assert.Same(Thread.CurrentThread, ran);
    }

    [Fact]
    public void Execute_AfterDispose_IsRefused()
    {
        var pool = new WorkerPool(2);
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Execute(new Program(() => { })));
    }

    private sealed class Program(Action body) : IPoolProgram
    {
        public void Execute() => body();
    }

    private sealed class Counting : IPoolLoop
    {
        public int[] Hits { get; set; } = [];

        public void Run(int item, int thread) => Interlocked.Increment(ref Hits[item]);
    }
}
