namespace CoLlm.Inference.Cpu.Kernels.Simd;

/// <summary>
/// The operations a kernel is written in, over one register width. Every operation is either exact or rounded once as IEEE 754
/// says, so a kernel written over it gives the same bits at every width as long as its lanes are independent.
/// </summary>
/// <typeparam name="TV">Register of floats.</typeparam>
/// <typeparam name="TI">Register of as many 32-bit integers.</typeparam>
internal unsafe interface ISimd<TV, TI>
    where TV : struct
    where TI : struct
{
    /// <summary>Lanes in a register: 4, 8 or 16.</summary>
    static abstract int Width { get; }

    /// <summary>Most activation rows of a tile of two registers a row whose accumulators still fit the register file.</summary>
    static abstract int MaxTileRows { get; }

    static abstract TV Load(float* address);

    static abstract void Store(TV value, float* address);

    static abstract TV Broadcast(float value);

    static abstract TV Add(TV left, TV right);

    static abstract TV Subtract(TV left, TV right);

    static abstract TV Multiply(TV left, TV right);

    static abstract TV Divide(TV left, TV right);

    /// <summary><c>left * right + addend</c>, rounded once.</summary>
    static abstract TV MultiplyAdd(TV left, TV right, TV addend);

    /// <summary>The larger of each lane; where one is NaN, <paramref name="right"/>.</summary>
    static abstract TV Larger(TV left, TV right);

    /// <summary><paramref name="value"/> where <paramref name="compared"/> is not below <paramref name="limit"/>, else zero.</summary>
    static abstract TV ZeroWhereBelow(TV compared, TV limit, TV value);

    static abstract TV Absolute(TV value);

    static abstract TI LoadInt(int* address);

    /// <summary>As many signed bytes as there are lanes.</summary>
    static abstract TI LoadSignedBytes(byte* address);

    static abstract void StoreInt(TI value, int* address);

    static abstract TI BroadcastInt(int value);

    static abstract TI AddInt(TI left, TI right);

    static abstract TI SubtractInt(TI left, TI right);

    static abstract TI MultiplyInt(TI left, TI right);

    static abstract TI And(TI left, TI right);

    static abstract TI Or(TI left, TI right);

    static abstract TI ShiftLeft(TI value, int bits);

    static abstract TI ShiftRight(TI value, int bits);

    static abstract TI ShiftRightArithmetic(TI value, int bits);

    static abstract TV AsFloat(TI value);

    static abstract TI AsInt(TV value);

    static abstract TV ConvertToFloat(TI value);

    /// <summary>
    /// Adds to each 32-bit lane the products of its two 16-bit halves. Exact while the sums fit.
    /// </summary>
    static abstract TI MultiplyAddPairs(TI left, TI right, TI addend);

    /// <summary>
    /// Multiplies unsigned bytes by signed bytes and adds neighbours into 16-bit halves. Exact while the sums fit 16 bits.
    /// </summary>
    static abstract TI MultiplyAddBytes(TI unsignedBytes, TI signedBytes);

    /// <summary>Adds 16-bit halves.</summary>
    static abstract TI AddShort(TI left, TI right);

    /// <summary>Shifts 16-bit halves right, filling with zeros.</summary>
    static abstract TI ShiftRightShort(TI value, int bits);

    /// <summary>The largest lane; NaN when one is NaN.</summary>
    static abstract float LargestLane(TV value);

    /// <summary>True if every lane is zero of either sign; false if one is NaN.</summary>
    static abstract bool AllZero(TV value);

    static abstract int SumLanes(TI value);
}
