namespace CoLlm.Cli.Tests.Commands;

public sealed class BenchCommandTests
{
    [Fact]
    public async Task Bench_DeviceThatIsNotHere_SaysSoInOneSentence()
    {
        CollmRun run = await CollmRun.OfAsync("", "bench", "--backend", "torch", "--device", "cuda:1", "--shape", "100m");

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.StartsWith("collm bench: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', run.Error.Trim());
    }

    [Fact]
    public async Task Bench_NoModel_SaysWhatToGive()
    {
        CollmRun run = await CollmRun.OfAsync("", "bench");

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("collm bench: Give either --model or --shape.", run.Error.Trim());
    }
}
