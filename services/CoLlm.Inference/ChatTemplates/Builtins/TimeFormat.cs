using System.Globalization;
using System.Text;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>Python's <c>strftime</c>, in the C locale.</summary>
internal static class TimeFormat
{
    public static string Format(DateTimeOffset time, string format)
    {
        var output = new StringBuilder();
        for (int index = 0; index < format.Length; index++)
        {
            if (format[index] != '%' || index + 1 == format.Length)
            {
                output.Append(format[index]);
                continue;
            }

            bool isUnpadded = format[index + 1] == '-' && index + 2 < format.Length;
            index += isUnpadded ? 2 : 1;
            string part = Directive(time, format[index]);
            output.Append(isUnpadded && part.Length > 1 ? part.TrimStart('0') is { Length: > 0 } rest ? rest : "0" : part);
        }

        return output.ToString();
    }

    private static string Directive(DateTimeOffset time, char directive) => directive switch
    {
        'Y' => Invariant(time, "yyyy"),
        'y' => Invariant(time, "yy"),
        'm' => Invariant(time, "MM"),
        'd' => Invariant(time, "dd"),
        'e' => time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2),
        'H' => Invariant(time, "HH"),
        'I' => Invariant(time, "hh"),
        'M' => Invariant(time, "mm"),
        'S' => Invariant(time, "ss"),
        'f' => Invariant(time, "ffffff"),
        'p' => Invariant(time, "tt"),
        'B' => Invariant(time, "MMMM"),
        'b' or 'h' => Invariant(time, "MMM"),
        'A' => Invariant(time, "dddd"),
        'a' => Invariant(time, "ddd"),
        'j' => time.DayOfYear.ToString("000", CultureInfo.InvariantCulture),
        'w' => ((int)time.DayOfWeek).ToString(CultureInfo.InvariantCulture),
        'F' => Invariant(time, "yyyy-MM-dd"),
        'T' => Invariant(time, "HH:mm:ss"),
        'R' => Invariant(time, "HH:mm"),
        'D' => Invariant(time, "MM/dd/yy"),
        'c' => $"{Invariant(time, "ddd MMM")} {time.Day,2} {Invariant(time, "HH:mm:ss yyyy")}",
        'x' => Invariant(time, "MM/dd/yy"),
        'X' => Invariant(time, "HH:mm:ss"),
        'Z' or 'z' => string.Empty,
        'n' => "\n",
        't' => "\t",
        '%' => "%",
        _ => throw new TemplateFault($"strftime_now() does not know the directive %{directive}"),
    };

    private static string Invariant(DateTimeOffset time, string format) =>
        time.ToString(format.Replace("/", "'/'", StringComparison.Ordinal), CultureInfo.InvariantCulture);
}
