using CoLlm.Inference.Backends;
using CoLlm.Training.Kernels;
using CoLlm.Training.Running;
using CoLlm.Training.Tests.Pipeline;

namespace CoLlm.Training.Tests.Running;

/// <summary>Which device a run gets in a build without optional ones.</summary>
public sealed class TrainingDevicesTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("cpu")]
    public void Open_Processor_TrainsOnTheHost(string? name)
    {
        using ComputeContext compute = new(1);
        TrainingOptions options = new() { Device = name };
        using ITrainingDevice device = TrainingDevices.Open(compute, State(options), options, TinyModels.Vocabulary);
        Assert.IsType<HostDevice>(device);
    }

    [Fact]
    public void Open_DeviceThisBuildLacks_SaysWhichBuildHasIt()
    {
        using ComputeContext compute = new(1);
        TrainingOptions options = new() { Device = "cuda:0" };
        DeviceUnavailableException exception = Assert.Throws<DeviceUnavailableException>(
            () => TrainingDevices.Open(compute, State(options), options, TinyModels.Vocabulary));
        Assert.Contains("'cuda:0' needs a build with -p:Torch=cuda", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_DeviceThisBuildLacks_IsRefusedBeforeAnythingIsWritten()
    {
        using PairRun run = new();
        run.Options = run.Options with { Training = run.Options.Training with { Device = "cuda:0" } };

        await Assert.ThrowsAsync<DeviceUnavailableException>(() => run.RunAsync());

        Assert.False(Directory.Exists(run.Options.Work));
    }

    private static TrainerState State(TrainingOptions options) => new(TinyModels.Lively(TinyModels.Llama), theta: null, options);
}
