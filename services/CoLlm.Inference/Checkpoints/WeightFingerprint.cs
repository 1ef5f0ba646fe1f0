using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace CoLlm.Inference.Checkpoints;

/// <summary>
/// Computes a checkpoint's <see cref="ICheckpoint.ContentKey"/>: file names, sizes, modification times, headers, and samples
/// of every tensor.
/// </summary>
/// <remarks>
/// A modification time alone misses a file that was replaced by a tool which restores times (archives, image layers); samples
/// alone miss an edit between them. Both together miss only an edit that keeps size and time and touches none of the samples.
/// Small tensors (norms, biases) are hashed whole, the others at their first, middle and last 512 bytes, so that training
/// changes the key through any tensor it moved, and a new deferral row (the last row of the output projection) always does.
/// </remarks>
internal static unsafe class WeightFingerprint
{
    private const int WholeBelowBytes = 16 * 1024;
    private const int SampleBytes = 512;

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public static string Compute(IEnumerable<SafetensorsFile> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[16];
        foreach (SafetensorsFile file in files.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(file.Name + "\n"));
            BinaryPrimitives.WriteInt64LittleEndian(numbers, file.Length);
            BinaryPrimitives.WriteInt64LittleEndian(numbers[8..], file.LastWriteTimeUtc.Ticks);
            hash.AppendData(numbers);
            hash.AppendData(file.HeaderHash);
            foreach (StoredTensor tensor in file.Tensors.Values.OrderBy(t => t.Begin))
                AppendSamples(hash, file.Address(tensor), tensor.ByteLength);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    /// <summary>
    /// As <see cref="Compute"/> from what the tensors are alone, without files and times: names models between machines.
    /// 32 lower-case hexadecimal digits.
    /// </summary>
    public static string ComputePortable(IEnumerable<(SafetensorsFile File, StoredTensor Tensor)> tensors)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((SafetensorsFile file, StoredTensor tensor) in tensors.OrderBy(t => t.Tensor.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.Name}\n{tensor.ElementType} {string.Join(',', tensor.Shape)}\n"));
            AppendSamples(hash, file.Address(tensor), tensor.ByteLength);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static void AppendSamples(IncrementalHash hash, byte* data, long length)
    {
        if (length <= WholeBelowBytes)
        {
            hash.AppendData(new ReadOnlySpan<byte>(data, (int)length));
            return;
        }

        hash.AppendData(new ReadOnlySpan<byte>(data, SampleBytes));
        hash.AppendData(new ReadOnlySpan<byte>(data + ((length - SampleBytes) / 2), SampleBytes));
        hash.AppendData(new ReadOnlySpan<byte>(data + length - SampleBytes, SampleBytes));
    }
}
