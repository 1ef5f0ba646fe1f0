using System.Globalization;
using System.Numerics;
using System.Text;
using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Formatting;

/// <summary>Python's <c>format % values</c>.</summary>
internal sealed class PercentFormat
{
    private readonly RenderContext _context;
    private readonly string _format;
    private readonly List<object?> _values;
    private readonly TemplateDict? _names;
    private readonly bool _mayLeaveValues;
    private int _position;
    private int _next;

    private PercentFormat(RenderContext context, string format, object? values)
    {
        (_context, _format) = (context, format);
        _names = values as TemplateDict;
        _values = values is TemplateList { IsTuple: true } tuple ? tuple.Items : [values];
        _mayLeaveValues = values is TemplateDict or TemplateList { IsTuple: false };
    }

    public static string Format(RenderContext context, string format, object? values) => new PercentFormat(context, format, values).Format();

    private string Format()
    {
        var output = new StringBuilder();
        while (_position < _format.Length)
        {
            int at = _format.IndexOf('%', _position);
            int end = at < 0 ? _format.Length : at;
            output.Append(_format, _position, end - _position);
            _position = end;
            if (at >= 0)
                output.Append(ReadOne());
            _context.CheckSize(output.Length);
        }

        if (_next < _values.Count && !_mayLeaveValues)
            throw new TemplateFault("not all arguments converted during string formatting");
        _context.Work(output.Length);
        return output.ToString();
    }

    private string ReadOne()
    {
        _position++;
        object? named = null;
        bool isNamed = Peek() == '(';
        if (isNamed)
            named = ReadName();
        FormatSpec spec = ReadSpec();
        char type = Peek();
        _position++;
        if (type == '%')
            return "%";
        object? value = isNamed ? named : NextValue();
        return Write(spec with { Type = type }, value);
    }

    private object? ReadName()
    {
        int close = _format.IndexOf(')', _position);
        if (close < 0)
            throw new TemplateFault("incomplete format key");
        string name = _format[(_position + 1)..close];
        _position = close + 1;
        if (_names is null)
            throw new TemplateFault("format requires a mapping");
        return _names.TryGet(name, out object? value) ? value : throw new TemplateFault($"the mapping of a format has no '{name}'");
    }

    private FormatSpec ReadSpec()
    {
        var spec = new FormatSpec();
        for (; Peek() is '#' or '0' or '-' or ' ' or '+'; _position++)
        {
            spec = Peek() switch
            {
                '#' => spec with { IsAlternate = true },
                '-' => spec with { Align = '<', Fill = " " },
                '0' => spec.Align == '<' ? spec : spec with { Align = '=', Fill = "0" },
                '+' => spec with { Sign = '+' },
                _ => spec.Sign == '+' ? spec : spec with { Sign = ' ' },
            };
        }

        long width = ReadCount() ?? 0;
        spec = spec with { Width = Math.Abs(width), Align = width < 0 ? '<' : spec.Align };
        if (Peek() == '.')
        {
            _position++;
            spec = spec with { Precision = Math.Max(0, ReadCount() ?? 0) };
        }

        if (Peek() is 'h' or 'l' or 'L')
            _position++;
        return spec;
    }

    private long? ReadCount()
    {
        if (Peek() == '*')
        {
            _position++;
            return Python.AsInteger(NextValue(), "* in a format");
        }

        int start = _position;
        while (char.IsAsciiDigit(Peek()))
            _position++;
        if (start == _position)
            return null;
        return int.TryParse(_format.AsSpan(start, _position - start), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? count
            : throw new TemplateFault("a width or precision in a format is too large");
    }

    private object? NextValue() => _next < _values.Count ? _values[_next++] : throw new TemplateFault("not enough arguments for format string");

    private char Peek() => _position < _format.Length ? _format[_position] : throw new TemplateFault("incomplete format");

    private string Write(FormatSpec spec, object? value)
    {
        // Padding by zeros is for numbers; text is padded at its left, too.
        FormatSpec text = spec.Align == '<' ? spec : spec with { Align = '>', Fill = " " };
        switch (spec.Type)
        {
            case 's':
                return text.WriteText(_context, PythonText.Str(_context, value));
            case 'r' or 'a':
                return text.WriteText(_context, PythonText.Repr(_context, value));
            case 'c':
                return (text with { Precision = null }).WriteText(_context, Character(value));
            case 'd' or 'i' or 'u':
                return WriteInteger(spec with { Type = 'd' }, value, takesFloat: true);
            case 'o' or 'x' or 'X':
                return WriteInteger(spec, value, takesFloat: false);
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G' when Python.IsNumber(value):
                return spec.WriteFloat(_context, Python.ToDouble(value!));
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                throw new TemplateFault($"must be real number, not {PythonType.NameOf(value)}");
            default:
                throw new TemplateFault($"unsupported format character '{spec.Type}'");
        }
    }

    private string WriteInteger(FormatSpec spec, object? value, bool takesFloat)
    {
        BigInteger number = value switch
        {
            long integer => integer,
            bool truth => truth ? 1 : 0,
            BigInteger big => big,
            double real when takesFloat && double.IsFinite(real) => new BigInteger(real),
            _ => throw new TemplateFault($"%{spec.Type} format: a number is required, not {PythonType.NameOf(value)}"),
        };
        return spec.WriteInteger(_context, number);
    }

    private static string Character(object? value) => value switch
    {
        string text when PythonText.CountCodePoints(text) == 1 => text,
        long point when Rune.IsValid((int)Math.Clamp(point, -1, int.MaxValue)) => new Rune((int)point).ToString(),
        _ => throw new TemplateFault("%c requires int or char"),
    };
}
