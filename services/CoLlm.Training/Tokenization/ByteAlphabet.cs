namespace CoLlm.Training.Tokenization;

/// <summary>
/// The printable character that byte-level vocabularies write for each byte: its Latin-1 character where that prints, else one
/// from U+0100 up.
/// </summary>
internal static class ByteAlphabet
{
    public const int Size = 256;

    private static readonly char[] Characters = Create();

    /// <summary>All characters, in ordinal order: the first ids of every vocabulary.</summary>
    public static IReadOnlyList<char> Sorted { get; } = [.. Characters.Order()];

    /// <summary>The character of a byte.</summary>
    public static char Of(byte value) => Characters[value];

    private static char[] Create()
    {
        char[] characters = new char[Size];
        int next = Size;
        for (int value = 0; value < Size; value++)
        {
            bool prints = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            characters[value] = (char)(prints ? value : next++);
        }

        return characters;
    }
}
