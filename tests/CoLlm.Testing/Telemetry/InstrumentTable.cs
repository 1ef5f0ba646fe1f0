using System.Diagnostics.Metrics;

namespace CoLlm.Testing.Telemetry;

/// <summary>One row of the operators' table of instruments.</summary>
/// <param name="Section">Heading above it.</param>
/// <param name="Name">OpenTelemetry's.</param>
/// <param name="Kind"><c>counter</c>, <c>gauge</c> or <c>histogram</c>.</param>
/// <param name="Unit">As the instrument declares it.</param>
/// <param name="Labels">Keys, in the order of the alphabet.</param>
public sealed record InstrumentRow(string Section, string Name, string Kind, string Unit, IReadOnlyList<string> Labels)
{
    public override string ToString() => $"{Name} ({Kind}, {Unit}, labels {string.Join(' ', Labels)})";
}

/// <summary>The table of instruments that operators read.</summary>
public static class InstrumentTable
{
    /// <summary>All rows of <c>deploy/observability/README.md</c> below <c>Instruments</c>.</summary>
    public static IReadOnlyList<InstrumentRow> Read()
    {
        List<InstrumentRow> rows = [];
        string section = "";
        bool isInside = false;
        foreach (string line in File.ReadLines(Path.Combine(RepositoryPaths.Root, "deploy", "observability", "README.md")))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
                isInside = line == "## Instruments";
            if (line.StartsWith("### ", StringComparison.Ordinal))
                section = line[4..];
            if (isInside && line.StartsWith("| `", StringComparison.Ordinal))
                rows.Add(Parse(section, line));
        }

        return rows;
    }

    /// <summary>Rows of these sections.</summary>
    public static IReadOnlyList<InstrumentRow> Read(params string[] sections) => [.. Read().Where(row => sections.Contains(row.Section))];

    /// <summary>What an instrument and the labels it was seen with would be as a row.</summary>
    public static InstrumentRow RowOf(string section, Instrument instrument, IEnumerable<string> labels) => new(
        section, instrument.Name, KindOf(instrument), instrument.Unit ?? "", [.. labels.Order(StringComparer.Ordinal)]);

    private static InstrumentRow Parse(string section, string line)
    {
        string[] cells = [.. line.Split('|').Select(cell => cell.Trim())];
        string[] labels = [.. cells[4].Split(',').Select(label => label.Trim(' ', '`')).Where(label => label.Length > 0)];
        return new InstrumentRow(section, cells[1].Trim('`'), cells[2], cells[3].Trim('`'), [.. labels.Order(StringComparer.Ordinal)]);
    }

    private static string KindOf(Instrument instrument)
    {
        string type = instrument.GetType().Name;
        return type.Contains("Histogram", StringComparison.Ordinal) ? "histogram" : type.Contains("Counter", StringComparison.Ordinal) ? "counter" : "gauge";
    }
}
