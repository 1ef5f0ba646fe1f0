namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Whole numbers written in other bases than ten.</summary>
internal static class IntegerText
{
    /// <summary>The number, with or without the prefix of its base; null where the text is none or does not fit into 64 bits.</summary>
    public static object? Read(string digits, long numberBase)
    {
        bool isNegative = digits.StartsWith('-');
        string rest = isNegative || digits.StartsWith('+') ? digits[1..] : digits;
        string? prefix = numberBase switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => null };
        if (prefix is not null && rest.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            rest = rest[2..];
        if (rest.Length == 0 || numberBase is < 2 or > 36)
            return null;
        long number = 0;
        foreach (char unit in rest)
        {
            int digit = char.IsAsciiDigit(unit) ? unit - '0' : char.IsAsciiLetter(unit) ? (unit | 0x20) - 'a' + 10 : int.MaxValue;
            if (digit >= numberBase || number > (long.MaxValue - digit) / numberBase)
                return null;
            number = (number * numberBase) + digit;
        }

        return isNegative ? -number : number;
    }
}
