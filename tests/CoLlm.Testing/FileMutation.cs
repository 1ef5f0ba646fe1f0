namespace CoLlm.Testing;

/// <summary>Breaks files the way transfers, editors and attackers do; the same seed breaks them the same way.</summary>
public static class FileMutation
{
    private static readonly string[] Splices =
        ["-1", "0", "1e9", "99999999999999999999", "4294967296", "9223372036854775807", "null", "true", "\"x\"", "[]", "{}", "\\ud800", "\"", "[[[[[[[[", "1.5", ",", "NaN"];

    /// <summary>A copy with one to four changes.</summary>
    public static byte[] Mutate(byte[] content, Random random)
    {
        List<byte> bytes = [.. content];
        for (int change = random.Next(1, 5); change > 0 && bytes.Count > 0; change--)
            Change(bytes, random);
        return [.. bytes];
    }

    private static void Change(List<byte> bytes, Random random)
    {
        // Headers come first and are short; most changes should hit them.
        int reach = random.Next(3) == 0 ? bytes.Count : Math.Min(bytes.Count, 2200);
        int at = random.Next(reach);
        switch (random.Next(7))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Next(20)));
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(bytes.Count - at, 1 + random.Next(60))));
                break;
            case 4:
                ReplaceNumber(bytes, at, random);
                break;
            case 5:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                bytes[random.Next(Math.Min(8, bytes.Count))] = (byte)random.Next(256);
                break;
        }
    }

    /// <summary>Puts something else where the next number stands.</summary>
    private static void ReplaceNumber(List<byte> bytes, int at, Random random)
    {
        int start = bytes.FindIndex(at, b => b is >= (byte)'0' and <= (byte)'9');
        if (start < 0)
            return;
        int end = bytes.FindIndex(start, b => b is not (>= (byte)'0' and <= (byte)'9'));
        bytes.RemoveRange(start, (end < 0 ? bytes.Count : end) - start);
        bytes.InsertRange(start, System.Text.Encoding.ASCII.GetBytes(Splices[random.Next(Splices.Length)]));
    }
}
