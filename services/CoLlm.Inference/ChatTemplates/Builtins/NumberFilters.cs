using System.Globalization;
using System.Numerics;
using CoLlm.Inference.ChatTemplates.Formatting;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>The filters that read, change or show numbers.</summary>
internal static class NumberFilters
{
    private const string SizePrefixes = "kMGTPEZY";

    public static object? Absolute(RenderContext context, object? value) => value switch
    {
        double number => Math.Abs(number),
        BigInteger number => BigInteger.Abs(number),
        UndefinedValue undefined => throw undefined.Fault(),
        _ => Python.AsInteger(value, "the value of abs") is var number && number < 0 ? Arithmetic.Binary(context, "-", 0L, number) : number,
    };

    public static object? ToInteger(object? value, Arguments arguments)
    {
        object? otherwise = arguments.Get(0, "default", 0L);
        switch (value)
        {
            case long or BigInteger:
                return value;
            case bool truth:
                return truth ? 1L : 0L;
            case double number:
                return Math.Abs(number) < 9.2e18 ? (long)number : double.IsFinite(number) ? new BigInteger(number) : otherwise;
            case string text:
                string digits = StringMethods.Strip(text, null, left: true, right: true);
                digits = digits.Replace("_", string.Empty, StringComparison.Ordinal);
                if (arguments.Integer(1, "base", 10) is var numberBase and not 10)
                    return IntegerText.Read(digits, numberBase) ?? otherwise;
                if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer))
                    return integer;
                return TryFloat(digits, out double real) && Math.Abs(real) < 9.2e18 ? (long)real : otherwise;
            case UndefinedValue undefined:
                throw undefined.Fault();
            default:
                return otherwise;
        }
    }

    public static object? ToFloat(object? value, Arguments arguments) =>
        TryFloat(value, out double number) ? number : arguments.Get(0, "default", 0.0);

    /// <summary>A count of bytes with one digit after the point and the prefix that suits its size.</summary>
    public static object? FileSize(object? value, Arguments arguments)
    {
        bool isBinary = arguments.Flag(0, "binary", otherwise: false);
        if (!TryFloat(value, out double bytes))
            throw new TemplateFault($"filesizeformat needs a number, not {PythonType.NameOf(value)}");
        if (bytes == 1)
            return "1 Byte";
        int step = isBinary ? 1024 : 1000;
        if (bytes < step)
        {
            return double.IsFinite(bytes)
                ? $"{new BigInteger(bytes)} Bytes"
                : throw new TemplateFault("cannot convert float infinity to integer");
        }

        int power = 1;
        while (power < SizePrefixes.Length && !(double.IsFinite(bytes) && new BigInteger(bytes) < BigInteger.Pow(step, power + 1)))
            power++;
        double scale = isBinary ? Math.ScaleB(1, 10 * (power + 1)) : double.Parse($"1e{3 * (power + 1)}", CultureInfo.InvariantCulture);
        double shown = step * bytes / scale;
        string digits = double.IsFinite(shown) ? FloatDigits.Fixed(shown, 1) : PythonText.Float(shown);
        return $"{digits} {(isBinary && power == 1 ? 'K' : SizePrefixes[power - 1])}{(isBinary ? "iB" : "B")}";
    }

    public static object? Round(object? value, Arguments arguments)
    {
        if (!Python.IsNumber(value))
            throw new TemplateFault($"type {PythonType.NameOf(value)} cannot be rounded");
        long precision = Math.Clamp(arguments.Integer(0, "precision", 0), -300, 300);
        string method = arguments.Get(1, "method", "common") as string ?? string.Empty;
        double number = Python.ToDouble(value!);
        double scale = Math.Pow(10, precision);
        double rounded = method switch
        {
            "common" => precision is >= 0 and <= 15
                ? Math.Round(number, (int)precision, MidpointRounding.ToEven)
                : Math.Round(number * scale, MidpointRounding.ToEven) / scale,
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => throw new TemplateFault("method must be common, ceil or floor"),
        };
        return method == "common" && value is long or bool ? (object)(long)rounded : rounded;
    }

    private static bool TryFloat(object? value, out double number)
    {
        if (value is UndefinedValue undefined)
            throw undefined.Fault();
        if (value is string text)
            return TryFloat(StringMethods.Strip(text, null, left: true, right: true), out number);
        number = Python.IsNumber(value) ? Python.ToDouble(value!) : 0;
        return Python.IsNumber(value);
    }

    private static bool TryFloat(string text, out double number) => double.TryParse(
        text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);
}
