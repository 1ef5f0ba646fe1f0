using System.Diagnostics;
using System.Text.RegularExpressions;
using CoLlm.Testing;

namespace CoLlm.Deploy.Tests.Documents;

/// <summary>What documents tell people to type is understood: every <c>collm</c> command with its options.</summary>
public sealed partial class DocumentedCommandTests
{
    private static readonly string[] Folders = ["services", "deploy", "protos", "tests"];
    private static readonly string[] NotOurs = ["/bin/", "/obj/", "/node_modules/", "/golden/"];

    private readonly Dictionary<string, string> _help = new(StringComparer.Ordinal);

    [Fact]
    public async Task Commands_InEveryDocument_AreUnderstood()
    {
        List<string> mistakes = [];
        int count = 0;
        foreach (string document in Documents())
        {
            string text = await File.ReadAllTextAsync(document, TestContext.Current.CancellationToken);
            foreach (string command in TypedLine().Matches(text).Concat(CodeSpan().Matches(text)).Select(match => match.Groups["command"].Value))
            {
                count++;
                if (await FindMistakeAsync(command.Split(' ', StringSplitOptions.RemoveEmptyEntries)) is { } mistake)
                    mistakes.Add($"{Path.GetRelativePath(RepositoryPaths.Root, document)}: collm {command}: {mistake}");
            }
        }

        Assert.Empty(mistakes);
        Assert.True(count > 20, $"Only {count} commands were found.");
    }

    [Theory]
    [InlineData("calibrate", "no such command: calibrate")]
    [InlineData("serve clients --config x", "no such command: clients")]
    [InlineData("generate --colour \"Once\"", "no such option: --colour")]
    [InlineData("serve expert --config expert.json &", null)]
    public async Task FindMistake_CommandAsWritten_IsTheFirstThatIsNotUnderstood(string command, string? mistake) =>
        Assert.Equal(mistake, await FindMistakeAsync(command.Split(' ')));

    private static IEnumerable<string> Documents() => Directory.EnumerateFiles(RepositoryPaths.Root, "*.md").Concat(
        from folder in Folders
        from file in Directory.EnumerateFiles(Path.Combine(RepositoryPaths.Root, folder), "*.md", SearchOption.AllDirectories)
        where !NotOurs.Any(part => file.Contains(part, StringComparison.Ordinal))
        select file);

    private async Task<string?> FindMistakeAsync(string[] words)
    {
        string path = "";
        string help = await HelpAsync(path);
        int next = 0;
        for (; next < words.Length && help.Contains("\nCommands:\n", StringComparison.Ordinal); next++)
        {
            if (!Regex.IsMatch(help[help.IndexOf("\nCommands:\n", StringComparison.Ordinal)..], $@"(?m)^  {Regex.Escape(words[next])}(?![\w-])"))
                return $"no such command: {words[next]}";
            path = $"{path} {words[next]}";
            help = await HelpAsync(path);
        }

        return words.Skip(next).Where(word => Option().IsMatch(word)).FirstOrDefault(option => !Regex.IsMatch(help, $@"(?m)^  (-\w, )?{option}\b(?!-)")) is { } unknown
            ? $"no such option: {unknown}"
            : null;
    }

    private async Task<string> HelpAsync(string command)
    {
        if (_help.TryGetValue(command, out string? known))
            return known;
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "collm.dll"), .. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"];
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true })!;
        string help = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return _help[command] = help;
    }

    // A line of a block: the program itself, in a container, or out of its project.
    [GeneratedRegex(@"(?m)^ {4,}(?:collm|docker .* /app/collm\.dll|dotnet run .*CoLlm\.Cli --) (?<command>[a-z-]+\b.*)$")]
    private static partial Regex TypedLine();

    [GeneratedRegex(@"`collm (?<command>[a-z-]+\b[^`]*)`")]
    private static partial Regex CodeSpan();

    [GeneratedRegex("^--[a-z][a-z-]*$")]
    private static partial Regex Option();
}
