using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace CoLlm.Inference.Cpu.Kernels.Simd;

/// <summary>128-bit registers through the portable operations: any x86-64 and ARM64 processor.</summary>
internal readonly unsafe struct PortableSimd : ISimd<Vector128<float>, Vector128<int>>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Width => 4;

    public static int MaxTileRows => 6;

    [MethodImpl(Inline)]
    public static Vector128<float> Load(float* address) => Vector128.Load(address);

    [MethodImpl(Inline)]
    public static void Store(Vector128<float> value, float* address) => value.Store(address);

    [MethodImpl(Inline)]
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    [MethodImpl(Inline)]
    public static Vector128<float> Add(Vector128<float> left, Vector128<float> right) => left + right;

    [MethodImpl(Inline)]
    public static Vector128<float> Subtract(Vector128<float> left, Vector128<float> right) => left - right;

    [MethodImpl(Inline)]
    public static Vector128<float> Multiply(Vector128<float> left, Vector128<float> right) => left * right;

    [MethodImpl(Inline)]
    public static Vector128<float> Divide(Vector128<float> left, Vector128<float> right) => left / right;

    [MethodImpl(Inline)]
    public static Vector128<float> MultiplyAdd(Vector128<float> left, Vector128<float> right, Vector128<float> addend) =>
        Vector128.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(Inline)]
    public static Vector128<float> Larger(Vector128<float> left, Vector128<float> right) =>
        Vector128.ConditionalSelect(Vector128.GreaterThan(left, right), left, right);

    [MethodImpl(Inline)]
    public static Vector128<float> ZeroWhereBelow(Vector128<float> compared, Vector128<float> limit, Vector128<float> value) =>
        Vector128.AndNot(value, Vector128.LessThan(compared, limit));

    [MethodImpl(Inline)]
    public static Vector128<float> Absolute(Vector128<float> value) => Vector128.Abs(value);

    [MethodImpl(Inline)]
    public static Vector128<int> LoadInt(int* address) => Vector128.Load(address);

    [MethodImpl(Inline)]
    public static Vector128<int> LoadSignedBytes(byte* address) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)address).AsSByte()));

    [MethodImpl(Inline)]
    public static void StoreInt(Vector128<int> value, int* address) => value.Store(address);

    [MethodImpl(Inline)]
    public static Vector128<int> BroadcastInt(int value) => Vector128.Create(value);

    [MethodImpl(Inline)]
    public static Vector128<int> AddInt(Vector128<int> left, Vector128<int> right) => left + right;

    [MethodImpl(Inline)]
    public static Vector128<int> SubtractInt(Vector128<int> left, Vector128<int> right) => left - right;

    [MethodImpl(Inline)]
    public static Vector128<int> MultiplyInt(Vector128<int> left, Vector128<int> right) => left * right;

    [MethodImpl(Inline)]
    public static Vector128<int> And(Vector128<int> left, Vector128<int> right) => left & right;

    [MethodImpl(Inline)]
    public static Vector128<int> Or(Vector128<int> left, Vector128<int> right) => left | right;

    [MethodImpl(Inline)]
    public static Vector128<int> ShiftLeft(Vector128<int> value, int bits) => value << bits;

    [MethodImpl(Inline)]
    public static Vector128<int> ShiftRight(Vector128<int> value, int bits) => value >>> bits;

    [MethodImpl(Inline)]
    public static Vector128<int> ShiftRightArithmetic(Vector128<int> value, int bits) => value >> bits;

    [MethodImpl(Inline)]
    public static Vector128<float> AsFloat(Vector128<int> value) => value.AsSingle();

    [MethodImpl(Inline)]
    public static Vector128<int> AsInt(Vector128<float> value) => value.AsInt32();

    [MethodImpl(Inline)]
    public static Vector128<float> ConvertToFloat(Vector128<int> value) => Vector128.ConvertToSingle(value);

    [MethodImpl(Inline)]
    public static Vector128<int> MultiplyAddPairs(Vector128<int> left, Vector128<int> right, Vector128<int> addend) =>
        addend + (((left << 16) >> 16) * ((right << 16) >> 16)) + ((left >> 16) * (right >> 16));

    [MethodImpl(Inline)]
    public static Vector128<int> MultiplyAddBytes(Vector128<int> unsignedBytes, Vector128<int> signedBytes)
    {
        Vector128<short> left = unsignedBytes.AsInt16();
        Vector128<short> right = signedBytes.AsInt16();
        Vector128<short> even = (left & Vector128.Create((short)0xFF)) * ((right << 8) >> 8);
        return (even + ((left >>> 8) * (right >> 8))).AsInt32();
    }

    [MethodImpl(Inline)]
    public static Vector128<int> AddShort(Vector128<int> left, Vector128<int> right) => (left.AsInt16() + right.AsInt16()).AsInt32();

    [MethodImpl(Inline)]
    public static Vector128<int> ShiftRightShort(Vector128<int> value, int bits) => (value.AsUInt16() >>> bits).AsInt32();

    [MethodImpl(Inline)]
    public static float LargestLane(Vector128<float> value)
    {
        Vector128<float> four = value;
        Vector128<float> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }

    [MethodImpl(Inline)]
    public static bool AllZero(Vector128<float> value) => Vector128.EqualsAll(value, Vector128<float>.Zero);

    [MethodImpl(Inline)]
    public static int SumLanes(Vector128<int> value) => Vector128.Sum(value);
}
