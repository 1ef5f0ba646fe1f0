using System.Buffers;
using System.IO.Compression;
using Grpc.Core;

namespace Grpc.Framing;

/// <summary>The message encodings of this implementation: identity and gzip.</summary>
internal static class MessageEncoding
{
    public const string Identity = "identity";
    public const string Gzip = "gzip";

    /// <summary>The value of <c>grpc-accept-encoding</c>.</summary>
    public const string Accepted = "identity,gzip";

    public static bool IsSupported(string encoding) => encoding is Identity or Gzip;

    /// <summary>Whether a <c>grpc-accept-encoding</c> value has this encoding.</summary>
    public static bool IsAccepted(string? acceptEncoding, string encoding)
    {
        foreach (Range part in acceptEncoding.AsSpan().Split(','))
        {
            if (acceptEncoding.AsSpan()[part].Trim().Equals(encoding, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    public static void Compress(ReadOnlySpan<byte> message, PooledBuffer compressed, CompressionLevel level)
    {
        using GZipStream gzip = new(compressed, level, leaveOpen: true);
        gzip.Write(message);
    }

    /// <summary>Expands a message, never past the limit, whatever the message claims.</summary>
    /// <exception cref="RpcException">Not gzip (INTERNAL), or larger than the limit (RESOURCE_EXHAUSTED).</exception>
    public static void Decompress(ReadOnlySequence<byte> compressed, PooledBuffer message, int maxMessageSize)
    {
        using SequenceStream source = new(compressed);
        using GZipStream gzip = new(source, CompressionMode.Decompress);
        try
        {
            while (true)
            {
                Span<byte> room = message.GetSpan(4096);
                int count = gzip.Read(room[..(int)Math.Min(room.Length, maxMessageSize - message.Length + 1)]);
                message.Advance(count);
                if (message.Length > maxMessageSize)
                    throw FramingErrors.DecompressedTooLarge(maxMessageSize);

                if (count == 0)
                    return;
            }
        }
        catch (InvalidDataException exception)
        {
            throw FramingErrors.NotGzip(exception);
        }
    }
}
