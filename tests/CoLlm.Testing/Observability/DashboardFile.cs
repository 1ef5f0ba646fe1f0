using System.Text.Json;
using System.Text.RegularExpressions;

namespace CoLlm.Testing.Observability;

/// <summary>A query of a dashboard, with its variables still in it.</summary>
/// <param name="Place">Title of the panel and letter of the query, or name of the variable.</param>
/// <param name="Expression">PromQL.</param>
public sealed record DashboardQuery(string Place, string Expression);

/// <summary>A Grafana dashboard of this repository.</summary>
public sealed partial class DashboardFile
{
    private DashboardFile(string path)
    {
        Name = Path.GetFileName(path);
        Root = JsonDocument.Parse(File.ReadAllText(path)).RootElement;
        Panels = [.. Root.GetProperty("panels").EnumerateArray()];
        Variables = [.. Root.GetProperty("templating").GetProperty("list").EnumerateArray()];
    }

    /// <summary>In ordinal order of their names.</summary>
    public static IReadOnlyList<DashboardFile> All { get; } =
        [.. Directory.EnumerateFiles(Path.Combine(RepositoryPaths.Root, "deploy", "observability", "dashboards"), "*.json")
            .Order(StringComparer.Ordinal).Select(path => new DashboardFile(path))];

    public string Name { get; }

    public JsonElement Root { get; }

    public IReadOnlyList<JsonElement> Panels { get; }

    public IReadOnlyList<JsonElement> Variables { get; }

    /// <summary>What panels ask Prometheus.</summary>
    public IEnumerable<DashboardQuery> Queries =>
        from panel in Panels
        from target in panel.GetProperty("targets").EnumerateArray()
        select new DashboardQuery(
            $"{Name}: {panel.GetProperty("title")} {target.GetProperty("refId")}", target.GetProperty("expr").GetString()!);

    /// <summary>Where variables take their values from: a metric and one of its labels.</summary>
    public IEnumerable<(string Metric, string Label)> VariableSources =>
        from variable in Variables
        where variable.GetProperty("type").GetString() == "query"
        let source = LabelValues().Match(variable.GetProperty("query").GetProperty("query").GetString()!)
        select (source.Groups["metric"].Value, source.Groups["label"].Value);

    /// <summary>Puts values in place of a query's variables, as Grafana does before it asks: everything selected.</summary>
    /// <param name="expression">Of a <see cref="DashboardQuery"/>.</param>
    /// <param name="window">Range of rates, such as <c>1m</c>.</param>
    public static string Fill(string expression, string window) =>
        Variable().Replace(expression, match => match.Value is "$__rate_interval" or "$__range" ? window : ".*");

    [GeneratedRegex(@"^label_values\((?<metric>\w+), (?<label>\w+)\)$")]
    private static partial Regex LabelValues();

    [GeneratedRegex(@"\$\w+")]
    private static partial Regex Variable();
}
