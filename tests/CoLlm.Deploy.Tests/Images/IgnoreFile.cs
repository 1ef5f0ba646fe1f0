using System.Text.RegularExpressions;

namespace CoLlm.Deploy.Tests.Images;

/// <summary>What <c>.dockerignore</c> keeps from a build: of all patterns that fit a path or a folder above it, the last one counts.</summary>
internal sealed class IgnoreFile
{
    private readonly (Regex Pattern, bool Ignores)[] _rules;

    public IgnoreFile(string text) => _rules = [.. text.Split('\n', StringSplitOptions.TrimEntries)
        .Where(line => line is not ("" or ['#', ..]))
        .Select(line => (PatternOf(line.TrimStart('!')), !line.StartsWith('!')))];

    /// <param name="path">Relative to the context, with forward slashes.</param>
    public bool Ignores(string path)
    {
        string[] parts = path.Split('/');
        string[] prefixes = [.. Enumerable.Range(1, parts.Length).Select(count => string.Join('/', parts[..count]))];
        return _rules.LastOrDefault(rule => prefixes.Any(rule.Pattern.IsMatch)).Ignores;
    }

    private static Regex PatternOf(string line) => new(
        $"^{Regex.Escape(line).Replace(@"\*\*/", "(.*/)?", StringComparison.Ordinal).Replace(@"\*", "[^/]*", StringComparison.Ordinal)}$",
        RegexOptions.CultureInvariant);
}
