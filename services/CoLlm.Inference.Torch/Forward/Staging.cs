using CoLlm.Inference.Torch.Devices;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Forward;

/// <summary>
/// Numbers on their way to the device: written on the host, in pinned pages for CUDA, and sent in one copy that nobody waits for. They may be
/// written again once the step that they were sent for is over.
/// </summary>
internal sealed unsafe class Staging<T>(ScalarType type, TorchDevice device) : IDisposable
    where T : unmanaged
{
    private Tensor? _host;
    private Tensor? _device;
    private int _capacity;

    /// <summary>The numbers, as many as were reserved.</summary>
    public T* Values { get; private set; }

    /// <summary>Numbers written so far.</summary>
    public int Count { get; set; }

    /// <summary>Begins anew, with room for so many.</summary>
    public void Begin(int needed)
    {
        Count = 0;
        if (needed <= _capacity)
            return;
        int capacity = Math.Max(needed, 2 * _capacity);
        Dispose();
        _capacity = 0; // Until all of it is there: where memory runs out the next step must not write to what is gone.
        Tensor plain = empty([capacity], type).DetachFromDisposeScope();
        if (device.IsCuda)
        {
            _host = plain.pin_memory().DetachFromDisposeScope();
            plain.Dispose();
            _device = empty([capacity], type, device.Device).DetachFromDisposeScope();
        }
        else
        {
            _host = plain;
        }

        fixed (byte* start = _host.bytes)
            Values = (T*)start;
        _capacity = capacity;
    }

    /// <summary>Writes one more.</summary>
    public void Add(T value) => Values[Count++] = value;

    /// <summary>Writes more, and tells where the first of them is.</summary>
    public int Add(ReadOnlySpan<T> values)
    {
        int start = Count;
        values.CopyTo(new Span<T>(Values + start, values.Length));
        Count += values.Length;
        return start;
    }

    /// <summary>Sends what is written. The tensor is valid until the next <see cref="Begin"/>.</summary>
    public Tensor Send()
    {
        if (!device.IsCuda || Count == 0)
            return _host!;
        _device!.narrow(0, 0, Count).copy_(_host!.narrow(0, 0, Count), nonBlocking: true);
        return _device!;
    }

    public void Dispose()
    {
        _host?.Dispose();
        _device?.Dispose();
    }
}
