using System.Globalization;
using System.Numerics;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Builtins;

/// <summary>What can stand after a bar: by name, with the value as first parameter.</summary>
internal static class Filters
{
    private delegate object? Body(RenderContext context, object? value, Arguments arguments);

    private static readonly Dictionary<string, Body> All = new()
    {
        ["abs"] = (context, value, _) => Absolute(context, value),
        ["attr"] = (_, value, arguments) => Syntax.Member.TryGet(value, arguments.Text(0, "name"), out object? member)
            ? member
            : new UndefinedValue($"'{PythonType.ObjectName(value)}' has no attribute '{arguments.Text(0, "name")}'"),
        ["batch"] = GroupFilters.Batch,
        ["capitalize"] = (context, value, _) => StringMethods.Capitalize(PythonText.Str(context, value)),
        ["center"] = LayoutFilters.Center,
        ["count"] = (_, value, _) => Python.Length(value),
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = SequenceFilters.DictSort,
        ["e"] = (context, value, _) => TextFilters.Escape(context, PythonText.Str(context, value)),
        ["escape"] = (context, value, _) => TextFilters.Escape(context, PythonText.Str(context, value)),
        ["first"] = (_, value, _) => SequenceFilters.First(value),
        ["float"] = (_, value, arguments) => ToFloat(value, arguments),
        ["forceescape"] = (context, value, _) => TextFilters.Escape(context, PythonText.Str(context, value)),
        ["format"] = LayoutFilters.Format,
        ["groupby"] = GroupFilters.GroupBy,
        ["indent"] = TextFilters.Indent,
        ["int"] = (_, value, arguments) => ToInteger(value, arguments),
        ["items"] = (_, value, _) => Items(value),
        ["join"] = TextFilters.Join,
        ["last"] = (_, value, _) => SequenceFilters.Last(value),
        ["length"] = (_, value, _) => Python.Length(value),
        ["list"] = (context, value, _) => SequenceFilters.ToList(context, value),
        ["lower"] = (context, value, _) => PythonText.Str(context, value).ToLowerInvariant(),
        ["map"] = SequenceFilters.Map,
        ["max"] = (context, value, arguments) => SequenceFilters.Extreme(context, value, arguments, ">"),
        ["min"] = (context, value, arguments) => SequenceFilters.Extreme(context, value, arguments, "<"),
        ["reject"] = (context, value, arguments) => SequenceFilters.Select(context, value, arguments, byAttribute: false, keeps: false),
        ["rejectattr"] = (context, value, arguments) => SequenceFilters.Select(context, value, arguments, byAttribute: true, keeps: false),
        ["replace"] = TextFilters.Replace,
        ["reverse"] = (context, value, _) => SequenceFilters.Reverse(context, value),
        ["round"] = (_, value, arguments) => Round(value, arguments, out bool isWhole) is var rounded && isWhole ? (object)(long)rounded : rounded,
        ["safe"] = (_, value, _) => value,
        ["select"] = (context, value, arguments) => SequenceFilters.Select(context, value, arguments, byAttribute: false, keeps: true),
        ["selectattr"] = (context, value, arguments) => SequenceFilters.Select(context, value, arguments, byAttribute: true, keeps: true),
        ["slice"] = GroupFilters.Slice,
        ["sort"] = SequenceFilters.Sort,
        ["string"] = (context, value, _) => PythonText.Str(context, value),
        ["sum"] = SequenceFilters.Sum,
        ["title"] = (context, value, _) => TextFilters.Title(PythonText.Str(context, value)),
        ["tojson"] = TextFilters.ToJson,
        ["trim"] = (context, value, arguments) =>
            StringMethods.Strip(PythonText.Str(context, value), arguments.Get(0, "chars", null), left: true, right: true),
        ["truncate"] = LayoutFilters.Truncate,
        ["unique"] = SequenceFilters.Unique,
        ["upper"] = (context, value, _) => PythonText.Str(context, value).ToUpperInvariant(),
        ["urlencode"] = LayoutFilters.UrlEncode,
        ["wordcount"] = (context, value, _) => TextFilters.CountWords(PythonText.Str(context, value)),
    };

    public static bool Has(string name) => All.ContainsKey(name);

    public static object? Apply(RenderContext context, string name, object? value, Arguments arguments)
    {
        if (!All.TryGetValue(name, out Body? body))
            throw new TemplateFault($"no filter named '{name}'");
        context.Work(value switch { string text => text.Length, TemplateList list => list.Items.Count, TemplateDict dict => dict.Count, _ => 1 });
        return body(context, value, arguments);
    }

    private static object? Default(RenderContext context, object? value, Arguments arguments)
    {
        bool replaces = value is UndefinedValue || (arguments.Flag(1, "boolean", otherwise: false) && !Python.IsTrue(value));
        return replaces ? arguments.Get(0, "default_value", string.Empty) : value;
    }

    private static TemplateList Items(object? value) => value switch
    {
        UndefinedValue => new TemplateList([]),
        TemplateDict dict => Methods.Pairs(dict),
        _ => throw new TemplateFault("Can only get item pairs from a mapping."),
    };

    private static object? Absolute(RenderContext context, object? value) => value switch
    {
        double number => Math.Abs(number),
        BigInteger number => BigInteger.Abs(number),
        UndefinedValue undefined => throw undefined.Fault(),
        _ => Python.AsInteger(value, "the value of abs") is var number && number < 0 ? Arithmetic.Binary(context, "-", 0L, number) : number,
    };

    private static object? ToInteger(object? value, Arguments arguments)
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

    private static object? ToFloat(object? value, Arguments arguments) => value switch
    {
        string text when TryFloat(StringMethods.Strip(text, null, left: true, right: true), out double number) => number,
        UndefinedValue undefined => throw undefined.Fault(),
        _ when Python.IsNumber(value) => Python.ToDouble(value!),
        _ => arguments.Get(0, "default", 0.0),
    };

    private static bool TryFloat(string text, out double number) => double.TryParse(
        text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number);

    private static double Round(object? value, Arguments arguments, out bool isWhole)
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
        isWhole = method == "common" && value is long or bool;
        return rounded;
    }
}
