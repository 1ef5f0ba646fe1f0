using System.Reflection;
using System.Text.RegularExpressions;
using CoLlm.ServiceDefaults.Telemetry;
using CoLlm.Testing;

namespace CoLlm.ServiceDefaults.Tests.Telemetry;

/// <summary>The names that operators read about are those of the code, and of one version.</summary>
public sealed partial class SemanticConventionsTests
{
    [Fact]
    public void Conventions_InTheTable_AreTheConstants()
    {
        string text = File.ReadAllText(Path.Combine(RepositoryPaths.Root, "deploy", "observability", "README.md"));
        string section = text.Split("## Conventions")[1].Split("\n## ")[0];

        Assert.Contains($"version {SemanticConventions.Version},", section, StringComparison.Ordinal);
        Assert.Equal(
            typeof(SemanticConventions).GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(field => (string)field.GetValue(null)!)
                .Where(value => value.Contains('.', StringComparison.Ordinal) && !value.Contains('/', StringComparison.Ordinal) && value != SemanticConventions.Version)
                .Order(StringComparer.Ordinal),
            Row().Matches(section).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex("^\\| `([^`]+)` \\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
