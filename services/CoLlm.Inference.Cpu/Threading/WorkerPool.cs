using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CoLlm.Inference.Cpu.Threading;

/// <summary>Work that runs on its caller's thread and forks with <see cref="WorkerPool.For"/>.</summary>
internal interface IPoolProgram
{
    void Execute();
}

/// <summary>A loop whose iterations are independent of each other.</summary>
internal interface IPoolLoop
{
    /// <summary>Does one item; must not throw.</summary>
    /// <param name="item">Index of the item.</param>
    /// <param name="thread">Index of the thread that runs it, for scratch memory.</param>
    void Run(int item, int thread);
}

/// <summary>
/// Persistent compute threads at a lower priority than the process's others. The caller leads: it runs a program and forks its
/// loops over itself and all of them, so a program begins and ends without a change of thread. Fork and join cost a fraction of a
/// microsecond while a program runs, because waiting threads spin for a short time; after that they sleep, so an idle pool uses
/// no processor.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    private static readonly long SpinTicks = Stopwatch.Frequency / 10_000;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly PaddedCounter[] _asleep;
    private readonly PaddedCounter[] _next;
    private readonly int[] _end;
    private PaddedCounter _epoch;
    private PaddedCounter _finished;
    private IPoolLoop? _loop;
    private volatile bool _stopping;

    /// <param name="threadCount">Compute threads, the caller of <see cref="Execute"/> included; at least one.</param>
    public WorkerPool(int threadCount)
    {
        ThreadCount = threadCount;
        _threads = new Thread[threadCount - 1];
        _wake = new SemaphoreSlim[threadCount];
        _asleep = new PaddedCounter[threadCount];
        _next = new PaddedCounter[threadCount];
        _end = new int[threadCount];
        for (int i = 1; i < threadCount; i++)
        {
            int index = i;
            _wake[i] = new SemaphoreSlim(0);
            _threads[i - 1] = new Thread(() => Follow(index)) { IsBackground = true, Name = $"collm compute {index}" };
            _threads[i - 1].Start();
        }
    }

    public int ThreadCount { get; }

    /// <summary>Threads that have stopped spinning and wait without using a processor; the leading one is not counted.</summary>
    internal int SleepingCount
    {
        get
        {
            int count = 0;
            for (int t = 1; t < ThreadCount; t++)
                count += Volatile.Read(ref _asleep[t].Value);
            return count;
        }
    }

    /// <summary>Runs the program on this thread, which leads the others meanwhile. One program at a time.</summary>
    public void Execute(IPoolProgram program)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        program.Execute();
    }

    /// <summary>
    /// Runs the loop for every item below <paramref name="count"/>, on all threads; returns when all are done.
    /// Only for the running program. Each thread walks its own contiguous share and then helps the others, so memory is
    /// read in long streams and a thread that lost its core holds nobody up for a whole share.
    /// </summary>
    public void For(int count, IPoolLoop loop)
    {
        if (count <= 1 || ThreadCount == 1)
        {
            for (int i = 0; i < count; i++)
                loop.Run(i, 0);
            return;
        }

        _loop = loop;
        for (int t = 0; t < ThreadCount; t++)
        {
            _next[t].Value = (int)((long)count * t / ThreadCount);
            _end[t] = (int)((long)count * (t + 1) / ThreadCount);
        }
        _finished.Value = 0;
        Interlocked.Increment(ref _epoch.Value);
        for (int t = 1; t < ThreadCount; t++)
        {
            if (Interlocked.Exchange(ref _asleep[t].Value, 0) == 1)
                _wake[t].Release();
        }
        RunShare(0);
        AwaitFollowers();
    }

    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        Interlocked.Increment(ref _epoch.Value);
        for (int t = 1; t < ThreadCount; t++)
            _wake[t].Release();
        foreach (Thread thread in _threads)
            thread.Join();
        for (int t = 1; t < ThreadCount; t++)
            _wake[t].Dispose();
    }

    private void Follow(int index)
    {
        ComputePriority.LowerCurrentThread();
        int seen = 0;
        while (true)
        {
            AwaitEpochAfter(seen, index);
            if (_stopping)
                return;
            seen++;
            RunShare(index);
            Interlocked.Increment(ref _finished.Value);
        }
    }

    private void AwaitEpochAfter(int seen, int index)
    {
        long started = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref _epoch.Value) == seen)
        {
            Thread.SpinWait(1);
            if (Stopwatch.GetTimestamp() - started < SpinTicks)
                continue;
            Interlocked.Exchange(ref _asleep[index].Value, 1);
            // A fork that came in between has either seen the mark and released us, or we take the mark back ourselves.
            if (Volatile.Read(ref _epoch.Value) == seen || Interlocked.Exchange(ref _asleep[index].Value, 0) == 0)
                _wake[index].Wait();
            started = Stopwatch.GetTimestamp();
        }
    }

    private void AwaitFollowers()
    {
        long started = 0;
        while (Volatile.Read(ref _finished.Value) < ThreadCount - 1)
        {
            Thread.SpinWait(1);
            long now = Stopwatch.GetTimestamp();
            if (started == 0)
                started = now;
            // A follower without a core: perhaps this one is what it waits for.
            else if (now - started > SpinTicks)
                Thread.Yield();
        }
    }

    private void RunShare(int thread)
    {
        IPoolLoop loop = _loop!;
        for (int offset = 0; offset < ThreadCount; offset++)
        {
            int owner = (thread + offset) % ThreadCount;
            int end = _end[owner];
            int item;
            while (Volatile.Read(ref _next[owner].Value) < end && (item = Interlocked.Increment(ref _next[owner].Value) - 1) < end)
                loop.Run(item, thread);
        }
    }

    /// <summary>A counter on cache lines of its own.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct PaddedCounter
    {
        [FieldOffset(64)]
        public int Value;
    }
}
