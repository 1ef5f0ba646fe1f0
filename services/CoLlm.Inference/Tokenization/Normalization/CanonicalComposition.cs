using System.IO.Compression;
using System.Text;

namespace CoLlm.Inference.Tokenization.Normalization;

/// <summary>
/// Unicode normalisation form C. Carried along because the runtime has none when it runs without its globalization library,
/// and because a tokenizer must not change with the machine it runs on.
/// </summary>
internal static class CanonicalComposition
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28, HangulCount = LeadCount * VowelCount * TailCount;

    /// <summary>No character below this one combines or decomposes.</summary>
    private const char FirstAffected = '\u00C0';

    private static readonly Dictionary<int, byte> Classes = [];
    private static readonly Dictionary<int, (int First, int Second)> Decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> Compositions = [];

    static CanonicalComposition() => Unpack();

    /// <summary>Returns <paramref name="text"/> in form C.</summary>
    public static string Compose(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstAffected, char.MaxValue))
            return text;
        var points = new List<(int Point, byte Class)>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            Decompose(rune.Value, points);
        Reorder(points);
        return Recompose(points);
    }

    private static void Decompose(int point, List<(int Point, byte Class)> points)
    {
        if (point - HangulBase is >= 0 and < HangulCount and int syllable)
        {
            points.Add((LeadBase + (syllable / (VowelCount * TailCount)), 0));
            points.Add((VowelBase + (syllable % (VowelCount * TailCount) / TailCount), 0));
            if (syllable % TailCount != 0)
                points.Add((TailBase + (syllable % TailCount), 0));
        }
        else if (Decompositions.TryGetValue(point, out (int First, int Second) parts))
        {
            Decompose(parts.First, points);
            if (parts.Second != 0)
                Decompose(parts.Second, points);
        }
        else
        {
            points.Add((point, Classes.GetValueOrDefault(point)));
        }
    }

    /// <summary>Sorts each run of combining characters by class, keeping the order of equals.</summary>
    private static void Reorder(List<(int Point, byte Class)> points)
    {
        for (int start = 0; start < points.Count; start++)
        {
            if (points[start].Class == 0)
                continue;
            int end = start;
            while (end < points.Count && points[end].Class != 0)
                end++;
            if (end - start > 1)
            {
                (int, byte)[] sorted = [.. points[start..end].OrderBy(entry => entry.Class)];
                for (int index = 0; index < sorted.Length; index++)
                    points[start + index] = sorted[index];
            }

            start = end;
        }
    }

    private static string Recompose(List<(int Point, byte Class)> points)
    {
        int starter = -1;
        int kept = 0;
        int lastClass = -1;
        for (int at = 0; at < points.Count; at++)
        {
            (int point, byte combiningClass) = points[at];
            bool blocked = lastClass >= combiningClass && lastClass != -1;
            if (starter >= 0 && !blocked && TryCompose(points[starter].Point, point, out int composed))
            {
                points[starter] = (composed, 0);
                continue;
            }

            if (combiningClass == 0)
            {
                starter = kept;
                lastClass = -1;
            }
            else
            {
                lastClass = combiningClass;
            }

            points[kept++] = (point, combiningClass);
        }

        var text = new StringBuilder(kept);
        Span<char> units = stackalloc char[2];
        for (int at = 0; at < kept; at++)
            text.Append(units[..new Rune(points[at].Point).EncodeToUtf16(units)]);
        return text.ToString();
    }

    private static bool TryCompose(int first, int second, out int composed)
    {
        if (first - LeadBase is >= 0 and < LeadCount and int lead && second - VowelBase is >= 0 and < VowelCount and int vowel)
        {
            composed = HangulBase + (((lead * VowelCount) + vowel) * TailCount);
            return true;
        }

        if (first - HangulBase is >= 0 and < HangulCount and int syllable
            && syllable % TailCount == 0
            && second - TailBase is > 0 and < TailCount and int tail)
        {
            composed = first + tail;
            return true;
        }

        return Compositions.TryGetValue((first, second), out composed);
    }

    private static void Unpack()
    {
        using var packed = new MemoryStream(Convert.FromBase64String(NfcData.Packed));
        using var stream = new DeflateStream(packed, CompressionMode.Decompress);
        using var plain = new MemoryStream();
        stream.CopyTo(plain);
        plain.Position = 0;
        int character = 0;
        for (int count = Next(plain); count > 0; count--)
        {
            character += Next(plain);
            Classes[character] = (byte)Next(plain);
        }

        character = 0;
        int first = 0;
        for (int count = Next(plain); count > 0; count--)
        {
            character += Next(plain);
            first += Next(plain);
            int second = Next(plain);
            Decompositions[character] = (first, second >> 1);
            if ((second & 1) != 0)
                Compositions[(first, second >> 1)] = character;
        }
    }

    private static int Next(Stream stream)
    {
        uint value = 0;
        int shift = 0;
        int read;
        do
        {
            read = stream.ReadByte();
            value |= (uint)(read & 0x7F) << shift;
            shift += 7;
        }
        while (read >= 0x80);
        return (value & 1) == 0 ? (int)(value >> 1) : -(int)((value + 1) >> 1);
    }
}
