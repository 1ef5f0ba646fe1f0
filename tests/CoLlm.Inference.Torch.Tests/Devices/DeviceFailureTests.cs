using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Tests;
using CoLlm.Inference.Torch.Devices;

namespace CoLlm.Inference.Torch.Tests.Devices;

/// <summary>Whatever is missing is said in one sentence, and nothing is printed.</summary>
public sealed class DeviceFailureTests
{
    [Theory]
    [InlineData("cuda", true)]
    [InlineData("cuda:0", true)]
    [InlineData("cuda:63", true)]
    [InlineData("torch:cpu", true)]
    [InlineData("cuda:64", false)]
    [InlineData("cuda:-1", false)]
    [InlineData("cuda:x", false)]
    [InlineData("mps", false)]
    public void Serves_Name_TellsWhetherItIsADeviceOfThisBackend(string name, bool expected) => Assert.Equal(expected, new TorchDevices().Serves(name));

    [Fact]
    public void For_UnknownDevice_NamesTheKnownOnes()
    {
        DeviceUnavailableException exception = Assert.Throws<DeviceUnavailableException>(() => DeviceBackends.For("tpu"));
        Assert.Equal("Device 'tpu' is not known; write 'cpu', 'cuda:N' or 'torch:cpu'.", exception.Message);
    }

    [Fact]
    public void For_DeviceOfThisBuild_LoadsAModelThere()
    {
        using var checkpoint = new MemoryCheckpoint(MemoryCheckpoint.Shape(), ElementType.BFloat16);
        using IInferenceBackend backend = DeviceBackends.For("torch:cpu").Load("torch:cpu", checkpoint);
        Assert.Equal("torch:cpu", backend.Name);
        Assert.Null(backend.FreeKvBytes);
        Assert.Equal(BackendCapabilities.ReducesOutputs, backend.Capabilities);
    }

    [Fact]
    public void Open_GpuWhereThereIsNoDriver_SaysSo()
    {
        Assert.SkipWhen(File.Exists("/dev/nvidiactl"), "This machine has an NVIDIA driver.");
        DeviceUnavailableException exception = Assert.Throws<DeviceUnavailableException>(() => TorchDevice.Open("cuda:0"));
        Assert.Equal("There is no NVIDIA driver here: libcuda.so.1 cannot be loaded.", exception.Message);
    }

    [Fact]
    public void Require_LibraryThatIsMissing_SaysWhichAndPrintsNothing()
    {
        Assert.SkipWhen(TorchUnderTest.Device != TorchDevices.Cpu, "This build has the CUDA libraries.");
        TextWriter console = Console.Out;
        using StringWriter printed = new();
        Console.SetOut(printed);
        try
        {
            DeviceUnavailableException exception = Assert.Throws<DeviceUnavailableException>(() => NativeLibraries.Require(cuda: true));
            Assert.StartsWith("Cannot load the CUDA libraries of libtorch ('torch_cuda'): ", exception.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', exception.Message);
        }
        finally
        {
            Console.SetOut(console);
        }

        Assert.Empty(printed.ToString());
    }
}
