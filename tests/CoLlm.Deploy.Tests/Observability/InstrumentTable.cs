using System.Text.RegularExpressions;

namespace CoLlm.Deploy.Tests.Observability;

/// <summary>The instruments that <c>deploy/observability/README.md</c> promises; another test holds the code to it.</summary>
internal static partial class InstrumentTable
{
    private static readonly string[][] Rows =
        [.. DeployTree.Read("observability/README.md").Split('\n').Select(line => line.Split('|', StringSplitOptions.TrimEntries))];

    private static readonly Instrument[] Instruments = [.. Rows
        .Where(cells => cells.Length == 7 && cells[2] is "counter" or "gauge" or "histogram")
        .Select(cells => new Instrument(cells[1].Trim('`'), cells[2], cells[3].Trim('`'), [.. Quoted(cells[4]).Select(label => label.Replace('.', '_'))], Quoted(cells[5])))];

    /// <summary>Labels of .NET's own series that dashboards read, by the names that Prometheus stores.</summary>
    private static readonly Dictionary<string, string[]> RuntimeLabels = Rows
        .Where(cells => cells.Length == 5 && cells[1].StartsWith("`dotnet_", StringComparison.Ordinal))
        .ToDictionary(cells => cells[1].Trim('`'), cells => Quoted(cells[2]));

    /// <summary>Instruments of ours by the names that Prometheus stores.</summary>
    public static IReadOnlyDictionary<string, Instrument> BySeries { get; } =
        Instruments.SelectMany(instrument => instrument.Series.Select(series => (series, instrument))).ToDictionary();

    /// <returns>The labels of a series, or null if no table has it.</returns>
    public static string[]? LabelsOf(string series) =>
        BySeries.TryGetValue(series, out Instrument? instrument) ? instrument.Labels : RuntimeLabels.GetValueOrDefault(series);

    private static string[] Quoted(string cell) => [.. CodeSpan().Matches(cell).Select(match => match.Groups[1].Value)];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex CodeSpan();
}
