using System.Diagnostics.CodeAnalysis;
using Grpc.Core;

namespace Grpc.Framing;

/// <summary>Values of <c>-bin</c> headers: base64, written without padding, read with or without it.</summary>
internal static class BinaryHeader
{
    public static string Encode(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    public static bool TryDecode(ReadOnlySpan<char> text, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        text = text.Trim();
        ReadOnlySpan<char> digits = text.TrimEnd('=');
        int paddingCount = text.Length - digits.Length;
        if (digits.Length % 4 == 1 || paddingCount > 2 || (paddingCount > 0 && text.Length % 4 != 0))
            return false;

        char[] padded = new char[(digits.Length + 3) / 4 * 4];
        digits.CopyTo(padded);
        padded.AsSpan(digits.Length).Fill('=');
        byte[] decoded = new byte[(digits.Length * 3) / 4];
        if (!Convert.TryFromBase64Chars(padded, decoded, out int count) || count != decoded.Length)
            return false;

        bytes = decoded;
        return true;
    }

    /// <summary>Adds one header as it came: a binary value is split at commas, because HTTP may have joined several.</summary>
    /// <returns>False where a binary value is not base64; nothing more is added then.</returns>
    public static bool TryAdd(Metadata metadata, string name, string value)
    {
        if (!Metadata.Entry.IsBinaryKey(name))
        {
            metadata.Add(Metadata.Entry.FromWire(name, value));
            return true;
        }

        foreach (Range part in value.AsSpan().Split(','))
        {
            if (!TryDecode(value.AsSpan()[part], out byte[]? bytes))
                return false;

            metadata.Add(Metadata.Entry.FromWire(name, bytes));
        }

        return true;
    }

    /// <summary>An entry's value as it goes into a header.</summary>
    public static string HeaderValue(Metadata.Entry entry) => entry.IsBinary ? Encode(entry.BinarySpan) : entry.Value;
}
