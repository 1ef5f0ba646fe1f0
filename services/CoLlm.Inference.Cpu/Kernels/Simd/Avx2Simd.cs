using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CoLlm.Inference.Cpu.Kernels.Simd;

/// <summary>256-bit registers: AVX2 and FMA.</summary>
internal readonly unsafe struct Avx2Simd : ISimd<Vector256<float>, Vector256<int>>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Width => 8;

    public static int MaxTileRows => 6;

    [MethodImpl(Inline)]
    public static Vector256<float> Load(float* address) => Vector256.Load(address);

    [MethodImpl(Inline)]
    public static void Store(Vector256<float> value, float* address) => value.Store(address);

    [MethodImpl(Inline)]
    public static Vector256<float> Broadcast(float value) => Vector256.Create(value);

    [MethodImpl(Inline)]
    public static Vector256<float> Add(Vector256<float> left, Vector256<float> right) => left + right;

    [MethodImpl(Inline)]
    public static Vector256<float> Subtract(Vector256<float> left, Vector256<float> right) => left - right;

    [MethodImpl(Inline)]
    public static Vector256<float> Multiply(Vector256<float> left, Vector256<float> right) => left * right;

    [MethodImpl(Inline)]
    public static Vector256<float> Divide(Vector256<float> left, Vector256<float> right) => left / right;

    [MethodImpl(Inline)]
    public static Vector256<float> MultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) =>
        Vector256.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(Inline)]
    public static Vector256<float> Larger(Vector256<float> left, Vector256<float> right) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(left, right), left, right);

    [MethodImpl(Inline)]
    public static Vector256<float> ZeroWhereBelow(Vector256<float> compared, Vector256<float> limit, Vector256<float> value) =>
        Vector256.AndNot(value, Vector256.LessThan(compared, limit));

    [MethodImpl(Inline)]
    public static Vector256<float> Absolute(Vector256<float> value) => Vector256.Abs(value);

    [MethodImpl(Inline)]
    public static Vector256<int> LoadInt(int* address) => Vector256.Load(address);

    [MethodImpl(Inline)]
    public static Vector256<int> LoadSignedBytes(byte* address) =>
        Avx2.ConvertToVector256Int32((sbyte*)address);

    [MethodImpl(Inline)]
    public static void StoreInt(Vector256<int> value, int* address) => value.Store(address);

    [MethodImpl(Inline)]
    public static Vector256<int> BroadcastInt(int value) => Vector256.Create(value);

    [MethodImpl(Inline)]
    public static Vector256<int> AddInt(Vector256<int> left, Vector256<int> right) => left + right;

    [MethodImpl(Inline)]
    public static Vector256<int> SubtractInt(Vector256<int> left, Vector256<int> right) => left - right;

    [MethodImpl(Inline)]
    public static Vector256<int> MultiplyInt(Vector256<int> left, Vector256<int> right) => left * right;

    [MethodImpl(Inline)]
    public static Vector256<int> And(Vector256<int> left, Vector256<int> right) => left & right;

    [MethodImpl(Inline)]
    public static Vector256<int> Or(Vector256<int> left, Vector256<int> right) => left | right;

    [MethodImpl(Inline)]
    public static Vector256<int> ShiftLeft(Vector256<int> value, int bits) => value << bits;

    [MethodImpl(Inline)]
    public static Vector256<int> ShiftRight(Vector256<int> value, int bits) => value >>> bits;

    [MethodImpl(Inline)]
    public static Vector256<int> ShiftRightArithmetic(Vector256<int> value, int bits) => value >> bits;

    [MethodImpl(Inline)]
    public static Vector256<float> AsFloat(Vector256<int> value) => value.AsSingle();

    [MethodImpl(Inline)]
    public static Vector256<int> AsInt(Vector256<float> value) => value.AsInt32();

    [MethodImpl(Inline)]
    public static Vector256<float> ConvertToFloat(Vector256<int> value) => Vector256.ConvertToSingle(value);

    [MethodImpl(Inline)]
    public static Vector256<int> MultiplyAddPairs(Vector256<int> left, Vector256<int> right, Vector256<int> addend) =>
        Avx2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16()) + addend;

    [MethodImpl(Inline)]
    public static Vector256<int> MultiplyAddBytes(Vector256<int> unsignedBytes, Vector256<int> signedBytes) =>
        Avx2.MultiplyAddAdjacent(unsignedBytes.AsByte(), signedBytes.AsSByte()).AsInt32();

    [MethodImpl(Inline)]
    public static Vector256<int> AddShort(Vector256<int> left, Vector256<int> right) => (left.AsInt16() + right.AsInt16()).AsInt32();

    [MethodImpl(Inline)]
    public static Vector256<int> ShiftRightShort(Vector256<int> value, int bits) => (value.AsUInt16() >>> bits).AsInt32();

    [MethodImpl(Inline)]
    public static float LargestLane(Vector256<float> value)
    {
        Vector128<float> four = Vector128.Max(value.GetLower(), value.GetUpper());
        Vector128<float> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }

    [MethodImpl(Inline)]
    public static bool AllZero(Vector256<float> value) => Vector256.EqualsAll(value, Vector256<float>.Zero);

    [MethodImpl(Inline)]
    public static int SumLanes(Vector256<int> value) => Vector256.Sum(value);
}
