using System.Runtime;
using System.Runtime.InteropServices;
using System.Text;
using CoLlm.Testing;

namespace CoLlm.Benchmarks.Rounds;

/// <summary>A benchmark's report in Markdown: the configuration first, then a table per question; kept under <c>results/</c>.</summary>
internal sealed class ResultFile
{
    private readonly string _name;
    private readonly StringBuilder _text = new();

    /// <summary>Begins a report that <see cref="Save"/> writes to <c>tests/CoLlm.Benchmarks/results/NAME.md</c>.</summary>
    public ResultFile(string name, string title, string command)
    {
        _name = name;
        Line($"# {title}");
        Line();
        Line($"- Command: `{command}`");
        Line($"- Machine: {ProcessorName()}, {Environment.ProcessorCount} logical cores, {RuntimeInformation.OSArchitecture}");
        Line($"- Runtime: {RuntimeInformation.FrameworkDescription}, {(GCSettings.IsServerGC ? "server" : "workstation")} GC, {GCSettings.LatencyMode}");
    }

    /// <summary>Adds a line as it stands, or an empty one.</summary>
    public void Line(string line = "") => _text.Append(line).Append('\n');

    /// <summary>Adds a heading with an empty line on either side.</summary>
    public void Heading(string heading)
    {
        Line();
        Line($"## {heading}");
        Line();
    }

    /// <summary>Adds a heading and one table row per contender; ratios are to the first row.</summary>
    public void Table(string heading, string unit, IReadOnlyList<RoundStatistics> rows)
    {
        Heading(heading);
        Line($"| | median {unit} | p99 {unit} | median / {rows[0].Name} | p99 / {rows[0].Name} | round medians |");
        Line("|---|---:|---:|---:|---:|---:|");
        foreach (RoundStatistics row in rows)
            Line($"| {row.Name} | {row.Median:0.0} | {row.P99:0.0} | {row.MedianRatio:0.00} | {row.P99Ratio:0.00} | {row.Lowest:0.0} to {row.Highest:0.0} |");
    }

    /// <summary>The same without the 99th percentiles, for rounds of a few operations.</summary>
    public void MedianTable(string heading, string unit, IReadOnlyList<RoundStatistics> rows)
    {
        Heading(heading);
        Line($"| | median {unit} | median / {rows[0].Name} | round medians |");
        Line("|---|---:|---:|---:|");
        foreach (RoundStatistics row in rows)
            Line($"| {row.Name} | {row.Median:0.0} | {row.MedianRatio:0.00} | {row.Lowest:0.0} to {row.Highest:0.0} |");
    }

    /// <summary>Prints the report alone.</summary>
    public void Print() => Console.Write(_text.ToString());

    /// <summary>Prints the report and writes the file.</summary>
    public void Save()
    {
        string path = Path.Combine(RepositoryPaths.Root, "tests", "CoLlm.Benchmarks", "results", _name + ".md");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, _text.ToString());
        Print();
    }

    private static string ProcessorName()
    {
        const string Source = "/proc/cpuinfo";
        string? line = File.Exists(Source)
            ? File.ReadLines(Source).FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null ? "unknown processor" : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
