using System.Text;

namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>
/// The printable stand-ins that byte-level vocabularies write bytes with: visible Latin-1 characters stand for themselves, the
/// other bytes for U+0100 and following.
/// </summary>
internal static class ByteAlphabet
{
    /// <summary>The stand-in of each byte. <c>[256]</c></summary>
    public static ReadOnlySpan<char> Characters => CharacterOf;

    private static readonly char[] CharacterOf = new char[256];
    private static readonly short[] ByteOf = new short[0x144];

    static ByteAlphabet()
    {
        Array.Fill(ByteOf, (short)-1);
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
        {
            bool visible = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            CharacterOf[value] = visible ? (char)value : next++;
            ByteOf[CharacterOf[value]] = (short)value;
        }
    }

    /// <summary>Writes the stand-ins of <paramref name="text"/>'s UTF-8 bytes; returns how many.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="destination">At least three times as long as <paramref name="text"/>.</param>
    public static int Encode(ReadOnlySpan<char> text, Span<char> destination)
    {
        Span<byte> utf8 = stackalloc byte[4];
        int length = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            foreach (byte value in utf8[..rune.EncodeToUtf8(utf8)])
                destination[length++] = CharacterOf[value];
        }

        return length;
    }

    /// <summary>The bytes that a piece stands for; a piece with any other character stands for its own UTF-8.</summary>
    public static byte[] Decode(string piece)
    {
        var bytes = new byte[piece.Length];
        for (int index = 0; index < piece.Length; index++)
        {
            if (piece[index] >= ByteOf.Length || ByteOf[piece[index]] < 0)
                return Encoding.UTF8.GetBytes(piece);
            bytes[index] = (byte)ByteOf[piece[index]];
        }

        return bytes;
    }
}
