using System.Net;
using System.Net.Sockets;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

/// <summary><c>collm demo</c> where it cannot run; that it runs is shown end to end.</summary>
public sealed class DemoCommandTests
{
    [Fact]
    public async Task Demo_NoModels_SaysWhatMakesThem()
    {
        using TemporaryDirectory folder = new();
        CollmRun run = await CollmRun.OfAsync("", "demo", "--models", folder.Path);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.StartsWith($"collm demo: {folder.Path} does not hold the demo's models", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Demo_PortInUse_SaysSoBeforeAnythingStarts()
    {
        using TemporaryDirectory folder = new();
        foreach (string file in new[] { "base/config.json", "base/swap_head.safetensors", "expert/config.json" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.File(file))!);
            folder.Write(file, "");
        }

        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        CollmRun run = await CollmRun.OfAsync("", "demo", "--models", folder.Path, "--question", "Hello?", "--port", $"{port}");

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"collm demo: Port {port} cannot be used: ", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("Choose another with --port, or leave it out to have a free one taken.", run.Error.TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--port", "65536")]
    [InlineData("--start-limit", "0")]
    [InlineData("--threshold", "high")]
    [InlineData("--target-rate", "high")]
    public async Task Demo_OptionOutOfRange_ExitsWithOne(string option, string value) =>
        Assert.Equal(1, (await CollmRun.OfAsync("", "demo", option, value)).ExitCode);

    [Fact]
    public async Task Demo_ThresholdAndTargetRate_ExcludeEachOther()
    {
        CollmRun run = await CollmRun.OfAsync("", "demo", "--threshold", "0.5", "--target-rate", "0.3");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("--threshold and --target-rate exclude each other.", run.Error, StringComparison.Ordinal);
    }
}
