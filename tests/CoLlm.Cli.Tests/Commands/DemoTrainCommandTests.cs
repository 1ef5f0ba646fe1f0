using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

/// <summary><c>collm demo-train</c> from the command line; the making itself is tested where it lives.</summary>
public sealed class DemoTrainCommandTests
{
    [Fact]
    public async Task DemoTrain_MissingRecipe_SaysWhichFile()
    {
        using TemporaryDirectory folder = new();
        CollmRun run = await CollmRun.OfAsync("", "demo-train", "--recipe", folder.File("absent.json"), "--work", folder.File("work"), "--output", folder.File("out"));
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("collm demo-train: ", run.Error);
        Assert.Contains("absent.json", run.Error);
        Assert.False(Directory.Exists(folder.File("out")));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("257")]
    public async Task DemoTrain_ThreadsOutOfRange_AreRefused(string threads)
    {
        using TemporaryDirectory folder = new();
        CollmRun run = await CollmRun.OfAsync("", "demo-train", "--threads", threads, "--work", folder.File("work"));
        Assert.Equal(1, run.ExitCode);
        Assert.False(Directory.Exists(folder.File("work")));
    }
}
