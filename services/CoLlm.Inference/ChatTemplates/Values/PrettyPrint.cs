using System.Text;
using CoLlm.Inference.ChatTemplates.Builtins;

namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Python's <c>pprint</c>: a representation with sorted keys that breaks where it is wider than 80 characters.</summary>
internal sealed class PrettyPrint(RenderContext context)
{
    private const int Width = 80;

    private readonly StringBuilder _output = new();

    public static string Of(RenderContext context, object? value)
    {
        var print = new PrettyPrint(context);
        print.Append(value, indent: 0, allowance: 0, level: 1);
        return print._output.ToString();
    }

    /// <param name="value">What is shown.</param>
    /// <param name="indent">The column it begins in.</param>
    /// <param name="allowance">Columns to leave free behind it for what closes around it.</param>
    /// <param name="level">Its depth, from 1.</param>
    private void Append(object? value, int indent, int allowance, int level)
    {
        string shown = PythonText.Repr(context, value, sortsKeys: true);
        bool fits = PythonText.CountCodePoints(shown) <= Width - indent - allowance;
        switch (value)
        {
            case TemplateList list when !fits:
                string close = list.IsTuple ? list.Items.Count == 1 ? ",)" : ")" : "]";
                _output.Append(list.IsTuple ? '(' : '[');
                AppendItems(list.Items, indent + 1, allowance + close.Length, (item, room) => Append(item, indent + 1, room, level + 1));
                _output.Append(close);
                break;
            case TemplateDict dict when !fits:
                _output.Append('{');
                AppendItems([.. dict.SortedItems(context)], indent + 1, allowance + 1, (item, room) => AppendMember(item, indent + 1, room, level + 1));
                _output.Append('}');
                break;
            case string { Length: > 0 } text when !fits:
                AppendText(text, shown, indent, allowance, level);
                break;
            default:
                _output.Append(shown);
                break;
        }

        context.CheckSize(_output.Length);
    }

    private void AppendItems<T>(List<T> items, int indent, int allowance, Action<T, int> append)
    {
        for (int index = 0; index < items.Count; index++)
        {
            if (index > 0)
                BreakLine(",", indent);
            append(items[index], index == items.Count - 1 ? allowance : 1);
        }
    }

    private void AppendMember((object? Key, object? Value) member, int indent, int allowance, int level)
    {
        string key = PythonText.Repr(context, member.Key, sortsKeys: true);
        _output.Append(key).Append(": ");
        Append(member.Value, indent + PythonText.CountCodePoints(key) + 2, allowance, level);
    }

    /// <summary>Text that is too wide is shown line by line, and in parts between words where a line is too wide.</summary>
    private void AppendText(string text, string shown, int indent, int allowance, int level)
    {
        int extra = level == 1 ? 1 : 0;
        List<string> chunks = Chunks(text, Width - indent - extra, allowance + extra);
        if (chunks.Count == 1)
        {
            _output.Append(shown);
            return;
        }

        _output.Append(level == 1 ? "(" : string.Empty);
        for (int index = 0; index < chunks.Count; index++)
        {
            if (index > 0)
                BreakLine(string.Empty, indent + extra);
            _output.Append(chunks[index]);
        }

        _output.Append(level == 1 ? ")" : string.Empty);
    }

    private List<string> Chunks(string text, int width, int allowance)
    {
        List<string> chunks = [];
        List<string> lines = [.. StringMethods.SplitLines(text, keepsEnds: true).Items.Cast<string>()];
        for (int index = 0; index < lines.Count; index++)
        {
            int room = index == lines.Count - 1 ? allowance : 0;
            string shown = PythonText.Repr(context, lines[index]);
            if (PythonText.CountCodePoints(shown) <= width - room)
                chunks.Add(shown);
            else
                AddWords(chunks, lines[index], width, room);
        }

        return chunks;
    }

    private void AddWords(List<string> chunks, string line, int width, int allowance)
    {
        string current = string.Empty;
        for (int start = 0; start < line.Length;)
        {
            int end = start;
            while (end < line.Length && !PythonSpace.Is(line[end]))
                end++;
            while (end < line.Length && PythonSpace.Is(line[end]))
                end++;
            string candidate = current + line[start..end];
            bool fits = PythonText.CountCodePoints(PythonText.Repr(context, candidate)) <= width - (end == line.Length ? allowance : 0);
            if (!fits && current.Length > 0)
                chunks.Add(PythonText.Repr(context, current));
            current = fits ? candidate : line[start..end];
            start = end;
        }

        chunks.Add(PythonText.Repr(context, current));
    }

    private void BreakLine(string before, int indent)
    {
        context.CheckSize((long)_output.Length + indent);
        context.Work(indent);
        _output.Append(before).Append('\n').Append(' ', indent);
    }
}
