using YamlDotNet.RepresentationModel;

namespace CoLlm.Deploy.Tests.Observability;

/// <summary>A recording rule or an alert.</summary>
/// <param name="Name">Of the recorded series, or of the alert.</param>
/// <param name="IsAlert">Otherwise it records a series.</param>
/// <param name="Expression">PromQL.</param>
/// <param name="Texts">Labels and annotations of an alert.</param>
internal sealed record Rule(string Name, bool IsAlert, string Expression, IReadOnlyDictionary<string, string> Texts);

/// <summary>A case of a rule test for one alert.</summary>
internal sealed record AlertCase(string Alert, bool Fires);

/// <summary>The rules of Prometheus and the cases that test them.</summary>
internal static class RuleFiles
{
    public const string Folder = "observability/prometheus";

    public static Rule[] All { get; } = [.. DeployTree.Find(Folder + "/rules", "*.yml").SelectMany(ReadRules)];

    public static Rule[] Alerts { get; } = [.. All.Where(rule => rule.IsAlert)];

    public static Rule[] Recordings { get; } = [.. All.Where(rule => !rule.IsAlert)];

    public static AlertCase[] Cases { get; } = [.. DeployTree.Find(Folder + "/tests", "*.yml").SelectMany(ReadCases)];

    private static IEnumerable<Rule> ReadRules(string file) =>
        from document in DeployTree.Documents(DeployTree.Read(file))
        from @group in Sequence(document, "groups")
        from rule in Sequence(@group, "rules")
        let isAlert = rule.Children.ContainsKey("alert")
        select new Rule(Scalar(rule, isAlert ? "alert" : "record"), isAlert, Scalar(rule, "expr"), Texts(rule));

    private static IEnumerable<AlertCase> ReadCases(string file) =>
        from document in DeployTree.Documents(DeployTree.Read(file))
        from test in Sequence(document, "tests")
        from alert in Sequence(test, "alert_rule_test")
        select new AlertCase(Scalar(alert, "alertname"), Sequence(alert, "exp_alerts").Any());

    private static Dictionary<string, string> Texts(YamlMappingNode rule) =>
        new[] { "labels", "annotations" }.Where(part => rule.Children.ContainsKey(part))
            .SelectMany(part => ((YamlMappingNode)rule[part]).Children)
            .ToDictionary(pair => ((YamlScalarNode)pair.Key).Value!, pair => ((YamlScalarNode)pair.Value).Value!);

    private static IEnumerable<YamlMappingNode> Sequence(YamlMappingNode node, string key) =>
        ((YamlSequenceNode)node[key]).Children.Cast<YamlMappingNode>();

    private static string Scalar(YamlMappingNode node, string key) => ((YamlScalarNode)node[key]).Value!;
}
