using System.Runtime.ExceptionServices;

namespace CoLlm.Training.Kernels;

/// <summary>
/// Persistent threads that share out numbered items of work; the calling thread is worker 0. Which worker takes which item is
/// left to chance, so an item must write only what belongs to it. One caller at a time.
/// </summary>
internal sealed class ForkJoinPool : IDisposable
{
    private const int SpinsBeforeSleep = 4000;
    private const int MaxWorkers = 256;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _gate = new();
    private Action<int, int>? _body;
    private ExceptionDispatchInfo? _failure;
    private int _itemCount;
    private int _nextItem;
    private int _helpersInside;
    private bool _isOpen;
    private volatile bool _isStopping;

    /// <summary>Starts <paramref name="workerCount"/> - 1 threads.</summary>
    public ForkJoinPool(int workerCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(workerCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(workerCount, MaxWorkers);
        WorkerCount = workerCount;
        _threads = new Thread[workerCount - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => Serve(worker))
            {
                IsBackground = true,
                Name = $"training {worker}",
                Priority = ThreadPriority.BelowNormal,
            };
            _threads[i].Start();
        }
    }

    public int WorkerCount { get; }

    /// <summary>Calls <paramref name="body"/> with (worker, item) for every item from 0 to <paramref name="itemCount"/> - 1 and returns when all are done.</summary>
    public void Run(int itemCount, Action<int, int> body)
    {
        if (WorkerCount == 1 || itemCount <= 1)
        {
            for (int item = 0; item < itemCount; item++)
                body(0, item);
            return;
        }

        Open(itemCount, body);
        int missing = Math.Min(_threads.Length, itemCount - 1) - _wake.CurrentCount;
        if (missing > 0)
            _wake.Release(missing);
        TakeItems(0);
        CloseAndWait();
        _failure?.Throw();
    }

    /// <summary>Ends the threads; no work may be in progress.</summary>
    public void Dispose()
    {
        _isStopping = true;
        if (_threads.Length > 0)
            _wake.Release(_threads.Length);
        foreach (Thread thread in _threads)
            thread.Join();
        _wake.Dispose();
    }

    private void Open(int itemCount, Action<int, int> body)
    {
        lock (_gate)
        {
            _body = body;
            _itemCount = itemCount;
            _nextItem = 0;
            _failure = null;
            _isOpen = true;
        }
    }

    // A helper that has not come by now need not come at all: on a busy machine it may be long in getting a core.
    private void CloseAndWait()
    {
        lock (_gate)
            _isOpen = false;
        SpinWait spinner = default;
        while (Volatile.Read(ref _helpersInside) > 0)
            spinner.SpinOnce(sleep1Threshold: -1);
        _body = null;
    }

    private void Serve(int worker)
    {
        while (true)
        {
            WaitForWork();
            if (_isStopping)
                return;
            lock (_gate)
            {
                if (!_isOpen)
                    continue;
                Interlocked.Increment(ref _helpersInside);
            }

            TakeItems(worker);
            Interlocked.Decrement(ref _helpersInside);
        }
    }

    private void WaitForWork()
    {
        // A sleeping thread costs tens of microseconds to wake, and the next kernel usually follows at once.
        for (int spin = 0; spin < SpinsBeforeSleep; spin++)
        {
            if (_wake.CurrentCount > 0 && _wake.Wait(0))
                return;
            Thread.SpinWait(8);
        }

        _wake.Wait();
    }

    private void TakeItems(int worker)
    {
        try
        {
            while (true)
            {
                int item = Interlocked.Increment(ref _nextItem) - 1;
                if (item >= _itemCount)
                    return;
                _body!(worker, item);
            }
        }
        catch (Exception e)
        {
            // The caller must hear of it; the remaining items are abandoned.
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
            Volatile.Write(ref _nextItem, int.MaxValue / 2);
        }
    }
}
