using System.Text.RegularExpressions;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Demo;

/// <summary>The demo with models of random weights: real processes, and what becomes of them.</summary>
public sealed partial class DemoTests
{
    /// <summary>So many that it cannot have answered all when the test comes to disturb it, and short answers, so that the second comes soon.</summary>
    private static readonly string[] ManyQuestions =
        ["--max-tokens", "32", .. Enumerable.Range(0, 1000).SelectMany(i => new[] { "--question", $"Question {i}" })];

    [Fact]
    public async Task Demo_OwnQuestions_ShowsAuthorsCostsAndWhatEachModelSaysAlone()
    {
        using TinyDemoModels models = new();
        (string, long)[] before = models.Files;
        await using DemoProcess demo = DemoProcess.Start("--models", models.Path, "--max-tokens", "24");
        (int exitCode, string error) = await demo.ExitAsync();

        Assert.True((exitCode, error) == (0, ""), $"{error}\n{demo.Output}");
        Assert.Equal(3, demo.Services.Length);
        foreach (string text in new[] { "What is a^3 * a^2 if a = 5?", "Which bears are extinct and when did they live?", "What are the active ingredients of Augmentin?" })
            Assert.Contains(text, demo.Output, StringComparison.Ordinal);
        Assert.Equal(3, SummaryLine().Count(demo.Output));
        foreach (string who in new[] { "the base alone", "mathematics alone", "medicine alone" })
            Assert.Equal(3, Regex.Count(demo.Output, $"(?m)^  {who}, wrong"));
        Assert.Contains("Right of 3: together 0, the base alone 0, mathematics alone 0, medicine alone 0.", demo.Output, StringComparison.Ordinal);
        Assert.Matches(MarkRow(), demo.Output);
        Assert.Equal(before, models.Files);
        await demo.WhenServicesAreGoneAsync();
    }

    [Fact]
    public async Task Demo_ServeAndTerminated_KeepsServingThenEndsAllInGoodOrder()
    {
        using TinyDemoModels models = new();
        using TemporaryDirectory temporary = new();
        await using DemoProcess demo = DemoProcess.Start(
            [("TMPDIR", temporary.Path), ("COLLM_Listen", "http://127.0.0.1:1")], "--models", models.Path, "--serve", "--question", "Who's there?", "--max-tokens", "8");
        await demo.SaysAsync("grpcurl ");
        string command = demo.Output.Split('\n').First(line => line.Contains(" generate --address ", StringComparison.Ordinal));
        Assert.EndsWith(@"--chat 'Who'\''s there?'", command, StringComparison.Ordinal);
        string answer = await ShellAsync(command + " --max-tokens 3");
        Assert.Contains("3 tokens", answer, StringComparison.Ordinal);

        string curl = demo.Output.Split('\n').First(line => line.StartsWith("curl -N ", StringComparison.Ordinal));
        using HttpClient http = new();
        string page = demo.Output.Split('\n').First(line => line.StartsWith("In a browser: ", StringComparison.Ordinal))["In a browser: ".Length..];
        Assert.Contains("<h1>Co-LLM playground</h1>", await http.GetStringAsync(new Uri(page), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("\"local\"", await http.GetStringAsync(new Uri(new Uri(curl.Split(' ')[2]), "/v1/models"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

        await demo.TerminateAsync();
        Assert.Equal((0, ""), await demo.ExitAsync());
        await demo.WhenServicesAreGoneAsync();
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary.Path, "collm-demo-*"));
    }

    [Fact]
    public async Task Demo_Killed_LeavesNoServiceBehind()
    {
        using TinyDemoModels models = new();
        using TemporaryDirectory temporary = new();
        await using DemoProcess demo = DemoProcess.Start([("TMPDIR", temporary.Path)], ["--models", models.Path, "--serve", .. ManyQuestions]);
        await demo.SaysAsync("Question 1");
        await demo.KillAsync();
        await demo.ExitAsync();
        await demo.WhenServicesAreGoneAsync();
    }

    [Fact]
    public async Task Demo_ServiceKilled_SaysWhichAndEnds()
    {
        using TinyDemoModels models = new();
        await using DemoProcess demo = DemoProcess.Start(["--models", models.Path, .. ManyQuestions]);
        await demo.SaysAsync("Question 1");
        await DemoProcess.KillAsync(demo.Services[1].Process);

        (int exitCode, string error) = await demo.ExitAsync();
        Assert.Equal(2, exitCode);
        Assert.StartsWith($"collm demo: The demo ends because the expert mathematics has ended: it was killed by signal 9.", error, StringComparison.Ordinal);
        await demo.WhenServicesAreGoneAsync();
        Directory.Delete(KeptFolder(error), recursive: true);
    }

    [Fact]
    public async Task Demo_ModelThatCannotBeLoaded_ShowsTheServicesLastLinesAndKeepsTheLog()
    {
        using TinyDemoModels models = new();
        File.WriteAllBytes(models.FileOf("medicine", "model.safetensors"), [1, 2, 3]);
        await using DemoProcess demo = DemoProcess.Start("--models", models.Path);

        (int exitCode, string error) = await demo.ExitAsync();
        Assert.Equal(2, exitCode);
        Assert.StartsWith("collm demo: The expert medicine could not start: it ended with exit code 1. Its last lines:", error, StringComparison.Ordinal);
        Assert.Contains("Model medicine cannot be loaded: ", error, StringComparison.Ordinal);
        Assert.Contains("cannot be loaded", await File.ReadAllTextAsync(Path.Combine(KeptFolder(error), "medicine.log")), StringComparison.Ordinal);
        Directory.Delete(KeptFolder(error), recursive: true);
    }

    [Fact]
    public async Task Demo_NowhereToWriteTemporaryFiles_SaysWhatToSet()
    {
        using TinyDemoModels models = new();
        await using DemoProcess demo = DemoProcess.Start([("TMPDIR", models.FileOf("base", "absent"))], "--models", models.Path);

        (int exitCode, string error) = await demo.ExitAsync();
        Assert.Equal(2, exitCode);
        Assert.StartsWith($"collm demo: No temporary folder can be made in {models.FileOf("base", "absent")}", error, StringComparison.Ordinal);
        Assert.EndsWith("Set TMPDIR to one that can be written.", error.TrimEnd(), StringComparison.Ordinal);
    }

    private static string KeptFolder(string error) => Path.GetDirectoryName(LogPath().Match(error).Groups["path"].Value)!;

    private static async Task<string> ShellAsync(string command)
    {
        using var shell = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("sh", ["-c", command]) { RedirectStandardOutput = true })!;
        string output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return output;
    }

    [GeneratedRegex(@"\d+ of \d+ tokens by experts, a deferral rate of \d+ %")]
    private static partial Regex SummaryLine();

    [GeneratedRegex("(?m)^ *[12][12 ]*$")]
    private static partial Regex MarkRow();

    [GeneratedRegex(@"Its log is (?<path>/\S+\.log)\.")]
    private static partial Regex LogPath();
}
