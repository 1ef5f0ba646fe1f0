using System.Globalization;
using System.Numerics;
using System.Text;

namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Python's <c>json.dumps</c>, which templates know as <c>tojson</c>.</summary>
/// <param name="context">Whose bounds hold.</param>
/// <param name="indent">Null: everything on one line.</param>
/// <param name="itemSeparator">Between items.</param>
/// <param name="keySeparator">Between key and value.</param>
/// <param name="sortsKeys">Members by key instead of as they are.</param>
/// <param name="escapesNonAscii">Everything outside ASCII as <c>\uXXXX</c>.</param>
internal sealed class PythonJson(
    RenderContext context, string? indent, string itemSeparator, string keySeparator, bool sortsKeys, bool escapesNonAscii)
{
    private readonly StringBuilder _output = new();

    public string Write(object? value)
    {
        Append(value, 0);
        return _output.ToString();
    }

    private void Append(object? value, int depth)
    {
        int before = _output.Length;
        Python.CheckNesting(depth);
        switch (value)
        {
            case null:
                _output.Append("null");
                break;
            case bool truth:
                _output.Append(truth ? "true" : "false");
                break;
            case long or BigInteger:
                _output.Append(CultureInfo.InvariantCulture, $"{value}");
                break;
            case double number:
                _output.Append(Float(number));
                break;
            case string text:
                AppendString(text);
                context.Work(text.Length);
                break;
            case TemplateList list:
                AppendItems('[', ']', list.Items, (item, inner) => Append(item, inner), depth);
                break;
            case TemplateDict dict:
                AppendItems('{', '}', Members(dict), AppendMember, depth);
                break;
            default:
                throw new TemplateFault($"Object of type {PythonType.NameOf(value)} is not JSON serializable");
        }

        context.Work(1);
        context.CheckSize(_output.Length);
        if (depth == 0)
            context.Work(_output.Length - before);
    }

    private void AppendItems<T>(char open, char close, List<T> items, Action<T, int> append, int depth)
    {
        _output.Append(open);
        for (int index = 0; index < items.Count; index++)
        {
            _output.Append(index > 0 ? itemSeparator : string.Empty);
            BreakLine(depth + 1);
            append(items[index], depth + 1);
        }

        if (items.Count > 0)
            BreakLine(depth);
        _output.Append(close);
    }

    private void BreakLine(int depth)
    {
        if (indent is null)
            return;
        _output.Append('\n');
        context.CheckSize(_output.Length + ((long)indent.Length * depth));
        for (int level = 0; level < depth; level++)
            _output.Append(indent);
    }

    private void AppendMember((string Key, object? Value) member, int depth)
    {
        AppendString(member.Key);
        _output.Append(keySeparator);
        Append(member.Value, depth);
    }

    private List<(string Key, object? Value)> Members(TemplateDict dict)
    {
        IEnumerable<(string, object?)> members = dict.Items.Select(item => (KeyText(item.Key), item.Value));
        return sortsKeys ? [.. members.OrderBy(member => member.Item1, StringComparer.Ordinal)] : [.. members];
    }

    private static string KeyText(object? key) => key switch
    {
        string text => text,
        null => "null",
        bool truth => truth ? "true" : "false",
        double number => Float(number),
        _ => Convert.ToString(key, CultureInfo.InvariantCulture)!,
    };

    private static string Float(double number) =>
        double.IsNaN(number) ? "NaN" : double.IsInfinity(number) ? (number > 0 ? "Infinity" : "-Infinity") : PythonText.Float(number);

    private void AppendString(string text)
    {
        _output.Append('"');
        foreach (char unit in text)
        {
            int known = "\"\\\n\r\t\b\f".IndexOf(unit, StringComparison.Ordinal);
            if (known >= 0)
                _output.Append('\\').Append("\"\\nrtbf"[known]);
            else if (unit < ' ' || (escapesNonAscii && unit > '~'))
                _output.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            else
                _output.Append(unit);
        }

        _output.Append('"');
    }
}
