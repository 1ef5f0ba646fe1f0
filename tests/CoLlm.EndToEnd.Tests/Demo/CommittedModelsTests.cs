namespace CoLlm.EndToEnd.Tests.Demo;

/// <summary>What the README's first command shows.</summary>
public sealed class CommittedModelsTests
{
    private static readonly string[] BearYears =
        ["24,000 years ago", "12,800 years ago", "early Pleistocene", "about 1870", "until 1924", "about 1964"];

    [Fact]
    public async Task Demo_ModelsOfTheRepository_AnswersWhatTheBaseAloneDoesNotKnow()
    {
        await using DemoProcess demo = DemoProcess.Start();
        (int exitCode, string error) = await demo.ExitAsync();

        Assert.True((exitCode, error) == (0, ""), $"{error}\n{demo.Output}");
        Assert.Contains("Right of 3: together 3, the base alone 0, mathematics alone 0, medicine alone 0.", demo.Output, StringComparison.Ordinal);
        AssertWrittenBy('1', "3125", Together(demo, "What is a^3 * a^2 if a = 5?"));
        AssertWrittenBy('2', "amoxicillin and clavulanic acid", Together(demo, "What are the active ingredients of Augmentin?"));
        string bears = Text(Together(demo, "Which bears are extinct and when did they live?"));
        Assert.All(BearYears, years => Assert.Contains(years, bears, StringComparison.Ordinal));
    }

    /// <summary>The lines between a question and what it cost: text, and below it who wrote it.</summary>
    private static string[] Together(DemoProcess demo, string question) =>
        [.. demo.Output.Split('\n').SkipWhile(line => line != question).Skip(2).TakeWhile(line => line.Length > 0)];

    private static string Text(string[] lines) =>
        string.Join(' ', lines.Where(line => line.Any(character => char.IsLetter(character))).Select(line => line.Trim()));

    /// <summary>Some of it at least; what both would have written may come from the base.</summary>
    private static void AssertWrittenBy(char expert, string span, string[] lines)
    {
        int row = Array.FindIndex(lines, line => line.Contains(span, StringComparison.Ordinal));
        Assert.True(row >= 0 && row + 1 < lines.Length, $"\"{span}\" is not there, or nothing marks it:\n{string.Join('\n', lines)}");
        int first = lines[row].IndexOf(span, StringComparison.Ordinal);
        Assert.Contains(expert, lines[row + 1].PadRight(first + span.Length).Substring(first, span.Length));
    }
}
