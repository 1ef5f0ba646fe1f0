namespace CoLlm.Training.Kernels;

/// <summary>
/// A block of floats at a fixed address, aligned to a cache line, that lives as long as this object. Kernels take its pointer;
/// everyone else its span.
/// </summary>
internal sealed unsafe class FloatBlock
{
    private const int Alignment = 64;

    // Pinned for good, so that a pointer into it stays valid without a handle to free.
    private readonly float[] _array;
    private readonly int _offset;

    /// <summary>A block of zeros.</summary>
    public FloatBlock(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _array = GC.AllocateArray<float>(checked(length + (Alignment / sizeof(float))), pinned: true);
        nint address = System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0);
        _offset = (int)((Alignment - (address % Alignment)) % Alignment / sizeof(float));
        Data = (float*)address + _offset;
        Length = length;
    }

    public int Length { get; }

    /// <summary>First element; valid while this object is reachable.</summary>
    public float* Data { get; }

    public Span<float> Span => _array.AsSpan(_offset, Length);

    public Memory<float> Memory => _array.AsMemory(_offset, Length);

    /// <summary>A block that holds at least <paramref name="length"/> floats: the given one, or a larger one with unspecified content.</summary>
    public static FloatBlock AtLeast(FloatBlock? block, int length) =>
        block is not null && block.Length >= length ? block : new FloatBlock(length);
}
