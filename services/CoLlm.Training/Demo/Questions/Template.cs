using System.Text;

namespace CoLlm.Training.Demo.Questions;

/// <summary>Text with named slots in braces. Immutable.</summary>
internal sealed class Template
{
    private readonly string _source;
    private readonly List<(string Text, bool IsSlot)> _parts = [];

    /// <exception cref="TrainingException">A brace is left open, or a slot has no name.</exception>
    public Template(string source)
    {
        _source = source;
        int at = 0;
        while (at < source.Length)
        {
            int open = source.IndexOf('{', at);
            if (open < 0)
                open = source.Length;
            if (open > at)
                _parts.Add((source[at..open], false));
            if (open == source.Length)
                break;
            int close = source.IndexOf('}', open);
            if (close <= open + 1)
                throw new TrainingException($"The wording '{source}' has a slot without name or end.");
            _parts.Add((source[(open + 1)..close], true));
            at = close + 1;
        }
    }

    /// <summary>The slots, in order of appearance.</summary>
    public IEnumerable<string> Slots => _parts.Where(part => part.IsSlot).Select(part => part.Text);

    /// <summary>Whether the values have all it needs.</summary>
    public bool CanFill(IReadOnlyDictionary<string, string> values) => Slots.All(values.ContainsKey);

    /// <exception cref="TrainingException">A slot has no value.</exception>
    public string Fill(IReadOnlyDictionary<string, string> values) => Fill(values, until: null);

    /// <summary>The text before the first place of a slot, without the space in front of it.</summary>
    /// <exception cref="TrainingException">The slot does not occur, or one before it has no value.</exception>
    public string FillUntil(string slot, IReadOnlyDictionary<string, string> values) => Slots.Contains(slot)
        ? Fill(values, slot).TrimEnd(' ')
        : throw new TrainingException($"The wording '{_source}' has no slot '{slot}'.");

    private string Fill(IReadOnlyDictionary<string, string> values, string? until)
    {
        StringBuilder text = new();
        foreach ((string part, bool isSlot) in _parts)
        {
            if (!isSlot)
                text.Append(part);
            else if (part == until)
                break;
            else if (values.TryGetValue(part, out string? value))
                text.Append(value);
            else
                throw new TrainingException($"The wording '{_source}' has the slot '{part}', for which there is no value.");
        }

        return text.ToString();
    }
}
