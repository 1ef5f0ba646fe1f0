using CoLlm.Testing;
using CoLlm.Training.Demo.Making;

namespace CoLlm.Training.Tests.Demo.Making;

/// <summary>When a stage is done, done again, or gone on with.</summary>
public sealed class DemoStagesTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();
    private readonly string _input;
    private readonly string _output;

    public DemoStagesTests()
    {
        _input = _folder.Write("input.txt", "one");
        _output = _folder.File("output");
    }

    [Fact]
    public async Task Run_SameInputs_IsDoneOnce()
    {
        Assert.Equal(["a"], await RunAsync("a"));
        Assert.Equal(["a"], await RunAsync("b"));
    }

    [Fact]
    public async Task Run_OtherInput_StartsFromNothing()
    {
        await RunAsync("a");
        File.WriteAllText(_input, "two");
        Assert.Equal(["b"], await RunAsync("b"));
    }

    [Fact]
    public async Task Run_OtherSettings_StartsFromNothing()
    {
        await RunAsync("a");
        Assert.Equal(["b"], await RunAsync("b", settings: "other"));
    }

    [Fact]
    public async Task Run_InputInAFolder_CountsToo()
    {
        string folder = Directory.CreateDirectory(_folder.File("inputs")).FullName;
        _folder.Write("inputs/one.txt", "");
        await RunAsync("a", input: folder);
        Assert.Equal(["a"], await RunAsync("b", input: folder));
        _folder.Write("inputs/as-stored.collm-packed", "");
        Assert.Equal(["a"], await RunAsync("b", input: folder));
        _folder.Write("inputs/two.txt", "");
        Assert.Equal(["b"], await RunAsync("b", input: folder));
    }

    [Fact]
    public async Task Run_AfterAnInterruption_GoesOnWithWhatIsThere()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync("a", fails: true));
        Assert.Equal(["a", "b"], await RunAsync("b"));
    }

    [Fact]
    public async Task Run_InterruptedForOtherInputs_StartsFromNothing()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync("a", fails: true));
        File.WriteAllText(_input, "two");
        Assert.Equal(["b"], await RunAsync("b"));
    }

    [Fact]
    public async Task Run_InputThatIsMissing_IsOneSentence() =>
        Assert.StartsWith(_folder.File("none"), (await Assert.ThrowsAsync<TrainingException>(() => RunAsync("a", input: _folder.File("none")))).Message);

    public void Dispose() => _folder.Dispose();

    /// <summary>A stage that adds a file of a name to its output; returns the names there.</summary>
    private async Task<string[]> RunAsync(string name, string settings = "", string? input = null, bool fails = false)
    {
        await new DemoStages(_folder.File("work"), log: null).RunAsync("stage", [input ?? _input], settings, [_output], () =>
        {
            Directory.CreateDirectory(_output);
            File.WriteAllText(Path.Combine(_output, name), "");
            return fails ? throw new InvalidOperationException("killed") : Task.CompletedTask;
        });
        return [.. Directory.EnumerateFiles(_output).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
    }
}
