using System.Text.RegularExpressions;

namespace CoLlm.Architecture.Tests;

/// <summary>Documents rot unless a test reads them: every path that a document names must exist.</summary>
public sealed partial class DocumentPathTests
{
    public static TheoryData<string> Documents => [.. SourceTree.With(".md").Where(path => !path.Contains("/results/", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Paths_NamedInDocument_Exist(string document)
    {
        string folder = Path.GetDirectoryName(Path.Combine(RepositoryPaths.Root, document))!;
        string[] missing = [.. NamedPaths(SourceTree.Read(document)).Where(path => !Exists(folder, path))];
        Assert.Empty(missing);
    }

    private static IEnumerable<string> NamedPaths(string text) =>
        LinkTarget().Matches(text).Concat(QuotedPath().Matches(text))
            .Select(match => match.Groups["path"].Value.TrimEnd('/'))
            .Where(path => path.Length > 0);

    private static bool Exists(string folder, string path) =>
        new[] { folder, RepositoryPaths.Root }.Select(start => Path.Combine(start, path)).Any(full => File.Exists(full) || Directory.Exists(full));

    // [text](path): anything relative, without its fragment.
    [GeneratedRegex(@"\]\((?!https?:|mailto:|#)(?<path>[^)#\s]+)")]
    private static partial Regex LinkTarget();

    // `services/...`: code spans that start with one of our top folders and hold no placeholder.
    [GeneratedRegex(@"`(?<path>(?:services|tests|protos|deploy|\.ci)/[A-Za-z0-9_./\-]*)`")]
    private static partial Regex QuotedPath();
}
