using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace CoLlm.Training.Torch;

/// <summary>Copies floats between the host's blocks and the device, in pieces that fit a span.</summary>
internal static class HostCopy
{
    private const int PieceElements = 16 << 20;

    /// <summary>Writes the host's values over those of <paramref name="target"/>, which is contiguous and in single precision.</summary>
    public static void Up(ReadOnlySpan<float> source, Tensor target) => ForPieces(source.Length, target, source, default);

    /// <summary>Reads <paramref name="source"/>, which is contiguous and in single precision, into the host's values.</summary>
    public static void Down(Tensor source, Span<float> target) => ForPieces(target.Length, source, default, target);

    private static void ForPieces(int length, Tensor tensor, ReadOnlySpan<float> up, Span<float> down)
    {
        using var scope = NewDisposeScope();
        Tensor flat = tensor.view(-1);
        for (int first = 0; first < length; first += PieceElements)
        {
            using var inner = NewDisposeScope();
            int count = Math.Min(PieceElements, length - first);
            Tensor place = flat.narrow(0, first, count);
            if (up.IsEmpty)
            {
                MemoryMarshal.Cast<byte, float>(place.cpu().contiguous().bytes).CopyTo(down[first..]);
            }
            else
            {
                Tensor piece = empty([count], ScalarType.Float32);
                up.Slice(first, count).CopyTo(MemoryMarshal.Cast<byte, float>(piece.bytes));
                place.copy_(piece);
            }
        }
    }
}
