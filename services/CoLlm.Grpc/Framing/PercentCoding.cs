using System.Buffers;
using System.Globalization;
using System.Text;

namespace Grpc.Framing;

/// <summary>The <c>grpc-message</c> coding: UTF-8, with every byte outside 0x20 to 0x7E and every '%' written as %XX.</summary>
internal static class PercentCoding
{
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x7F - 0x20).Select(code => (char)code).Where(character => character != '%')]);

    public static string Encode(string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(Plain))
            return text;

        byte[] bytes = Encoding.UTF8.GetBytes(text);
        StringBuilder encoded = new(text.Length + 16);
        foreach (byte value in bytes)
        {
            if (value is < 0x20 or > 0x7E or (byte)'%')
                encoded.Append(CultureInfo.InvariantCulture, $"%{value:X2}");
            else
                encoded.Append((char)value);
        }

        return encoded.ToString();
    }

    /// <summary>Undoes <see cref="Encode"/>; what is no escape stays as it is, because a status must never be lost to its message.</summary>
    public static string Decode(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
            return text;

        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int count = 0;
        for (int i = 0; i < text.Length;)
        {
            if (text[i] == '%' && i + 2 < text.Length && char.IsAsciiHexDigit(text[i + 1]) && char.IsAsciiHexDigit(text[i + 2]))
            {
                bytes[count++] = byte.Parse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                i += 3;
                continue;
            }

            int next = text.IndexOf('%', i + 1);
            int end = next < 0 ? text.Length : next;
            count += Encoding.UTF8.GetBytes(text.AsSpan(i, end - i), bytes.AsSpan(count));
            i = end;
        }

        return Encoding.UTF8.GetString(bytes, 0, count);
    }
}
