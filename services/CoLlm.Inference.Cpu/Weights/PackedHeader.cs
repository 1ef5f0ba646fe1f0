using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>
/// The first page of a packed file: magic, key of the weights and of their layout, length, a hash over samples of the payload,
/// and a hash of the page itself.
/// </summary>
internal sealed class PackedHeader
{
    public const int ByteLength = 4096;

    /// <summary>Raised whenever the meaning of packed bytes changes.</summary>
    private const int LayoutVersion = 2;

    private const int KeyOffset = 8;
    private const int LengthOffset = KeyOffset + SHA256.HashSizeInBytes;
    private const int SamplesOffset = LengthOffset + sizeof(long);
    private const int CheckOffset = SamplesOffset + SHA256.HashSizeInBytes;
    private const int SampleCount = 256;
    private const int SampleBytes = 64;

    private readonly byte[] _key;

    public PackedHeader(string contentKey, ModelPlan plan)
    {
        PayloadBytes = plan.ByteLength;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{LayoutVersion}\n{contentKey}\n");
        foreach (MatrixPlan matrix in plan.Matrices)
            text.Append(CultureInfo.InvariantCulture, $"{matrix.Kind} {matrix.Panels} {matrix.Depth}\n");
        _key = SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static ReadOnlySpan<byte> Magic => "CoLLMpkw"u8;

    public long PayloadBytes { get; }

    /// <summary>Names the weights and the layout.</summary>
    public string Key => Convert.ToHexStringLower(_key.AsSpan(0, 16));

    /// <summary>True if the file holds exactly these weights, whole.</summary>
    public bool Matches(SafeFileHandle file)
    {
        if (RandomAccess.GetLength(file) != ByteLength + PayloadBytes)
            return false;
        byte[] page = new byte[ByteLength];
        return RandomAccess.Read(file, page, 0) == ByteLength && page.AsSpan().SequenceEqual(Page(file));
    }

    /// <summary>Writes the page; the payload must be there already.</summary>
    public void Write(SafeFileHandle file) => RandomAccess.Write(file, Page(file), 0);

    private byte[] Page(SafeFileHandle file)
    {
        byte[] page = new byte[ByteLength];
        Magic.CopyTo(page);
        _key.CopyTo(page, KeyOffset);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(LengthOffset), PayloadBytes);
        HashSamples(file).CopyTo(page, SamplesOffset);
        SHA256.HashData(page.AsSpan(0, CheckOffset), page.AsSpan(CheckOffset));
        return page;
    }

    private byte[] HashSamples(SafeFileHandle file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] sample = new byte[SampleBytes];
        long last = Math.Max(0, PayloadBytes - SampleBytes);
        for (int i = 0; i < SampleCount; i++)
        {
            int read = RandomAccess.Read(file, sample, ByteLength + (last * i / (SampleCount - 1)));
            hash.AppendData(sample.AsSpan(0, read));
        }
        return hash.GetHashAndReset();
    }
}
