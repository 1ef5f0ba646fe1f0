using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace CoLlm.Inference.Cpu.Kernels.Simd;

/// <summary>512-bit registers: AVX-512 F and BW.</summary>
internal readonly unsafe struct Avx512Simd : ISimd<Vector512<float>, Vector512<int>>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    public static int Width => 16;

    public static int MaxTileRows => 12;

    [MethodImpl(Inline)]
    public static Vector512<float> Load(float* address) => Vector512.Load(address);

    [MethodImpl(Inline)]
    public static void Store(Vector512<float> value, float* address) => value.Store(address);

    [MethodImpl(Inline)]
    public static Vector512<float> Broadcast(float value) => Vector512.Create(value);

    [MethodImpl(Inline)]
    public static Vector512<float> Add(Vector512<float> left, Vector512<float> right) => left + right;

    [MethodImpl(Inline)]
    public static Vector512<float> Subtract(Vector512<float> left, Vector512<float> right) => left - right;

    [MethodImpl(Inline)]
    public static Vector512<float> Multiply(Vector512<float> left, Vector512<float> right) => left * right;

    [MethodImpl(Inline)]
    public static Vector512<float> Divide(Vector512<float> left, Vector512<float> right) => left / right;

    [MethodImpl(Inline)]
    public static Vector512<float> MultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) =>
        Vector512.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(Inline)]
    public static Vector512<float> Larger(Vector512<float> left, Vector512<float> right) =>
        Vector512.ConditionalSelect(Vector512.GreaterThan(left, right), left, right);

    [MethodImpl(Inline)]
    public static Vector512<float> ZeroWhereBelow(Vector512<float> compared, Vector512<float> limit, Vector512<float> value) =>
        Vector512.AndNot(value, Vector512.LessThan(compared, limit));

    [MethodImpl(Inline)]
    public static Vector512<float> Absolute(Vector512<float> value) => Vector512.Abs(value);

    [MethodImpl(Inline)]
    public static Vector512<int> LoadInt(int* address) => Vector512.Load(address);

    [MethodImpl(Inline)]
    public static Vector512<int> LoadSignedBytes(byte* address) =>
        Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)address));

    [MethodImpl(Inline)]
    public static void StoreInt(Vector512<int> value, int* address) => value.Store(address);

    [MethodImpl(Inline)]
    public static Vector512<int> BroadcastInt(int value) => Vector512.Create(value);

    [MethodImpl(Inline)]
    public static Vector512<int> AddInt(Vector512<int> left, Vector512<int> right) => left + right;

    [MethodImpl(Inline)]
    public static Vector512<int> SubtractInt(Vector512<int> left, Vector512<int> right) => left - right;

    [MethodImpl(Inline)]
    public static Vector512<int> MultiplyInt(Vector512<int> left, Vector512<int> right) => left * right;

    [MethodImpl(Inline)]
    public static Vector512<int> And(Vector512<int> left, Vector512<int> right) => left & right;

    [MethodImpl(Inline)]
    public static Vector512<int> Or(Vector512<int> left, Vector512<int> right) => left | right;

    [MethodImpl(Inline)]
    public static Vector512<int> ShiftLeft(Vector512<int> value, int bits) => value << bits;

    [MethodImpl(Inline)]
    public static Vector512<int> ShiftRight(Vector512<int> value, int bits) => value >>> bits;

    [MethodImpl(Inline)]
    public static Vector512<int> ShiftRightArithmetic(Vector512<int> value, int bits) => value >> bits;

    [MethodImpl(Inline)]
    public static Vector512<float> AsFloat(Vector512<int> value) => value.AsSingle();

    [MethodImpl(Inline)]
    public static Vector512<int> AsInt(Vector512<float> value) => value.AsInt32();

    [MethodImpl(Inline)]
    public static Vector512<float> ConvertToFloat(Vector512<int> value) => Vector512.ConvertToSingle(value);

    [MethodImpl(Inline)]
    public static Vector512<int> MultiplyAddPairs(Vector512<int> left, Vector512<int> right, Vector512<int> addend) =>
        Avx512BW.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16()) + addend;

    [MethodImpl(Inline)]
    public static Vector512<int> MultiplyAddBytes(Vector512<int> unsignedBytes, Vector512<int> signedBytes) =>
        Avx512BW.MultiplyAddAdjacent(unsignedBytes.AsByte(), signedBytes.AsSByte()).AsInt32();

    [MethodImpl(Inline)]
    public static Vector512<int> AddShort(Vector512<int> left, Vector512<int> right) => (left.AsInt16() + right.AsInt16()).AsInt32();

    [MethodImpl(Inline)]
    public static Vector512<int> ShiftRightShort(Vector512<int> value, int bits) => (value.AsUInt16() >>> bits).AsInt32();

    [MethodImpl(Inline)]
    public static float LargestLane(Vector512<float> value)
    {
        Vector256<float> eight = Vector256.Max(value.GetLower(), value.GetUpper());
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        Vector128<float> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Math.Max(two[0], two[1]);
    }

    [MethodImpl(Inline)]
    public static bool AllZero(Vector512<float> value) => Vector512.EqualsAll(value, Vector512<float>.Zero);

    [MethodImpl(Inline)]
    public static int SumLanes(Vector512<int> value) => Vector512.Sum(value);
}
