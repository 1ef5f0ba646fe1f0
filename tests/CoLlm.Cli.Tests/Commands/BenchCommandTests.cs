using System.Globalization;
using System.Text.RegularExpressions;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

public sealed class BenchCommandTests
{
    [Theory]
    [InlineData("AsStored")]
    [InlineData("Int8")]
    public async Task Bench_ModelDirectory_ReportsEverySpeedBesideItsCeiling(string weights)
    {
        using TemporaryDirectory model = CollmRun.CopyOfModel("llama3-tiny");

        CollmRun run = await CollmRun.OfAsync("", "bench", "--model", model.Path, "--weights", weights, "--rounds", "1");

        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        Assert.All(["decode x1", "decode x4", "decode x16", "prefill x1", "prefill x4", "prefill x16"], reading =>
        {
            Match line = Regex.Match(run.Output, $@"^{reading} +([0-9.]+) tokens/s +[0-9,]+ ?% of the (read bandwidth|multiply-add rate)$", RegexOptions.Multiline);
            Assert.True(line.Success, $"No line '{reading}' in:\n{run.Output}");
            Assert.True(double.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture) > 0);
        });
        Assert.Matches(@"(?m)^read bandwidth +[0-9.]+ GB/s$", run.Output);
        Assert.Matches(@"(?m)^multiply-adds +[0-9]+ GFLOP/s$", run.Output);
    }

    [Theory]
    [InlineData("Give either --model or --shape.")]
    [InlineData("Give either --model or --shape.", "--model", "somewhere", "--shape", "1b")]
    [InlineData("there is no such mod", "--model", "/nowhere/at/all")]
    public async Task Bench_NothingToMeasure_SaysWhy(string sentence, params string[] arguments)
    {
        CollmRun run = await CollmRun.OfAsync("", ["bench", .. arguments]);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.Equal("", run.Output);
    }
}
