using System.Text;
using System.Text.Json;
using CoLlm.Testing;

namespace CoLlm.Benchmarks.Tokenization;

/// <summary>The texts that tokenisers are measured on: what this repository holds of prose, of code and of many scripts.</summary>
internal static class SampleTexts
{
    /// <summary>Longest text, and what is kept of it where a pass is slow, in UTF-16 units.</summary>
    private const int MaxLength = 1 << 20, ShorterLength = 1 << 17;

    public static IReadOnlyList<(string Name, string Text)> All { get; } =
    [
        ("prose", FromFiles("*.md")),
        ("code", FromFiles("*.cs")),
        ("scripts", FromStrings()),
    ];

    private static string FromFiles(string pattern)
    {
        var text = new StringBuilder();
        string[] folders = ["services", "tests", "deploy"];
        foreach (string path in folders.SelectMany(folder =>
            Directory.EnumerateFiles(Path.Combine(RepositoryPaths.Root, folder), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)))
        {
            bool isBuilt = path.Contains("/obj/", StringComparison.Ordinal) || path.Contains("/bin/", StringComparison.Ordinal);
            if (!isBuilt && text.Length < MaxLength)
                text.Append(File.ReadAllText(path));
        }

        return Cut(text.ToString(), MaxLength);
    }

    private static string FromStrings()
    {
        const int LongestOfOneKind = 300;
        using JsonDocument strings = JsonDocument.Parse(File.ReadAllBytes(RepositoryPaths.Golden("tokenizers", "strings.json")));
        string all = string.Join('\n', strings.RootElement.EnumerateArray()
            .Select(entry => entry.GetProperty("text").GetString()!)
            .Where(text => text.Length < LongestOfOneKind));
        return Cut(string.Concat(Enumerable.Repeat(all + "\n", (MaxLength / all.Length) + 1)), MaxLength);
    }

    public static string Shorter(string text) => Cut(text, ShorterLength);

    private static string Cut(string text, int most)
    {
        int length = Math.Min(text.Length, most);
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
    }
}
