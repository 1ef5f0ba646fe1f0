using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CoLlm.Inference.Tokenization.Normalization;

/// <summary>
/// SentencePiece's compiled character map (<c>nmt_nfkc</c> and the like): a double-array trie over UTF-8 whose values are offsets
/// into a block of zero-terminated replacements. Walks are checked against both blocks, so a broken map can only fail to match.
/// </summary>
internal sealed class PrecompiledCharacterMap
{
    /// <summary>Keys are short in every published map; the bound keeps a broken one from making a walk long.</summary>
    private const int LongestKey = 64;

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    private PrecompiledCharacterMap(uint[] units, byte[] replacements, string signature)
    {
        _units = units;
        _replacements = replacements;
        Signature = signature;
    }

    public string Signature { get; }

    /// <summary>Null when <paramref name="blob"/> is not: trie size in bytes (little-endian, 4 bytes), trie, replacements.</summary>
    public static PrecompiledCharacterMap? TryRead(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < sizeof(uint))
            return null;
        uint trieBytes = BinaryPrimitives.ReadUInt32LittleEndian(blob);
        blob = blob[sizeof(uint)..];
        if (trieBytes > blob.Length || trieBytes % sizeof(uint) != 0 || trieBytes == 0)
            return null;
        var units = new uint[trieBytes / sizeof(uint)];
        for (int index = 0; index < units.Length; index++)
            units[index] = BinaryPrimitives.ReadUInt32LittleEndian(blob[(index * sizeof(uint))..]);
        string signature = Convert.ToHexStringLower(SHA256.HashData(blob));
        return new PrecompiledCharacterMap(units, blob[(int)trieBytes..].ToArray(), signature);
    }

    /// <summary>The longest mapped prefix of <paramref name="text"/> and what it becomes.</summary>
    public bool TryMatch(ReadOnlySpan<byte> text, out int length, out ReadOnlySpan<byte> replacement)
    {
        length = 0;
        replacement = default;
        uint node = OffsetOf(_units[0]);
        for (int at = 0; at < Math.Min(text.Length, LongestKey); at++)
        {
            node ^= text[at];
            if (node >= _units.Length || LabelOf(_units[node]) != text[at])
                break;
            uint unit = _units[node];
            node ^= OffsetOf(unit);
            if (HasLeaf(unit) && node < _units.Length && TryReplacement(_units[node] & 0x7FFF_FFFF, out ReadOnlySpan<byte> found))
            {
                length = at + 1;
                replacement = found;
            }
        }

        return length > 0;
    }

    private bool TryReplacement(uint offset, out ReadOnlySpan<byte> replacement)
    {
        replacement = default;
        if (offset >= _replacements.Length)
            return false;
        ReadOnlySpan<byte> rest = _replacements.AsSpan((int)offset);
        int end = rest.IndexOf((byte)0);
        replacement = end < 0 ? rest : rest[..end];
        return true;
    }

    private static bool HasLeaf(uint unit) => ((unit >> 8) & 1) == 1;

    private static uint LabelOf(uint unit) => unit & 0x8000_00FF;

    private static uint OffsetOf(uint unit) => (unit >> 10) << (int)((unit & (1u << 9)) >> 6);
}
