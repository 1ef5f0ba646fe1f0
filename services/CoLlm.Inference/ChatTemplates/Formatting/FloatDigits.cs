using System.Globalization;

namespace CoLlm.Inference.ChatTemplates.Formatting;

/// <summary>The digits of numbers that are finite and not negative, as C and Python print them: exact, ties to even.</summary>
internal static class FloatDigits
{
    /// <summary>With <paramref name="precision"/> digits after the point.</summary>
    public static string Fixed(double value, int precision)
    {
        // The runtime rounds ties away from zero. A tie has no digits after its 5, and 60 more show that.
        string exact = value.ToString($"F{precision + 60}", CultureInfo.InvariantCulture);
        int cut = exact.Length - 60;
        bool isTie = exact[cut] == '5' && exact.AsSpan(cut + 1).IndexOfAnyExcept('0') < 0;
        char last = exact[cut - 1] == '.' ? exact[cut - 2] : exact[cut - 1];
        return isTie && (last - '0') % 2 == 0
            ? exact[..(precision == 0 ? cut - 1 : cut)]
            : value.ToString($"F{precision}", CultureInfo.InvariantCulture);
    }

    /// <summary>One digit, <paramref name="precision"/> more after the point, and an exponent of at least two digits.</summary>
    public static string Exponential(double value, int precision)
    {
        string text = value.ToString($"e{precision}", CultureInfo.InvariantCulture);
        int mark = text.IndexOf('e');
        int exponent = int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return $"{text[..mark]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    /// <summary>With <paramref name="precision"/> digits in all, in whichever of the two ways suits the size.</summary>
    public static string General(double value, int precision, bool keepsZeros)
    {
        precision = Math.Max(precision, 1);
        string scientific = Exponential(value, precision - 1);
        int mark = scientific.IndexOf('e');
        int exponent = int.Parse(scientific.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        bool isFixed = exponent >= -4 && exponent < precision;
        string digits = isFixed ? Fixed(value, precision - 1 - exponent) : scientific[..mark];
        if (!keepsZeros && digits.Contains('.'))
            digits = digits.TrimEnd('0').TrimEnd('.');
        return isFixed ? digits : digits + scientific[mark..];
    }
}
