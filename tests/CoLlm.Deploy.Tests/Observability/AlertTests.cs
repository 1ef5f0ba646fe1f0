using System.Text.RegularExpressions;

namespace CoLlm.Deploy.Tests.Observability;

/// <summary>Nobody is woken by an alert that says too little, that nobody has seen firing, or that no runbook explains.</summary>
public sealed partial class AlertTests
{
    private static readonly string Runbook = DeployTree.Read("observability/runbook.md");
    private static readonly string Readme = DeployTree.Read("observability/README.md");

    public static TheoryData<string> Names => [.. RuleFiles.Alerts.Select(alert => alert.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Alert_Texts_SayWhatHappenedAndWhereToRead(string name)
    {
        IReadOnlyDictionary<string, string> texts = RuleFiles.Alerts.Single(alert => alert.Name == name).Texts;
        Assert.Contains(texts["severity"], (string[])["critical", "warning"]);
        Assert.NotEmpty(texts["summary"]);
        Assert.EndsWith(".", texts["description"], StringComparison.Ordinal);
        Assert.Equal($"deploy/observability/runbook.md#{name.ToLowerInvariant()}", texts["runbook"]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Alert_RuleTests_HaveACaseThatFiresAndOneThatDoesNot(string name)
    {
        Assert.Contains(new AlertCase(name, Fires: true), RuleFiles.Cases);
        Assert.Contains(new AlertCase(name, Fires: false), RuleFiles.Cases);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Alert_RunbookSection_SaysMeaningFirstLookAndRemedy(string name)
    {
        string section = Runbook[Runbook.IndexOf($"### {name}\n", StringComparison.Ordinal)..];
        int end = section.IndexOf("\n#", StringComparison.Ordinal);
        section = end < 0 ? section : section[..end];
        Assert.All(["**Means** ", "**Look first** ", "**Do** "], part => Assert.Contains($"\n{part}", section, StringComparison.Ordinal));
    }

    [Fact]
    public void Runbook_Sections_AreTheAlerts() =>
        Assert.Equal(RuleFiles.Alerts.Select(alert => alert.Name), Heading().Matches(Runbook).Select(match => match.Groups[1].Value));

    [Fact]
    public void Readme_AlertList_IsTheAlertsWithTheirSeverity() =>
        Assert.Equal(
            RuleFiles.Alerts.Select(alert => (alert.Name, alert.Texts["severity"])),
            ListedAlert().Matches(Readme).Select(match => (match.Groups[1].Value, match.Groups[2].Value)));

    [Fact]
    public void RuleTests_EveryCase_NamesAnAlertThatExists() =>
        Assert.Empty(RuleFiles.Cases.Select(test => test.Alert).Except(RuleFiles.Alerts.Select(alert => alert.Name)));

    [GeneratedRegex("^### (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\| \[(Collm\w+)\]\([^)]+\) \| (\w+) \|", RegexOptions.Multiline)]
    private static partial Regex ListedAlert();
}
