using CoLlm.Inference.Backends;

namespace CoLlm.Inference.Tests.Backends;

/// <summary>What a build without optional backends says about devices.</summary>
public sealed class DeviceBackendsTests
{
    [Theory]
    [InlineData("cuda:0")]
    [InlineData("torch:cpu")]
    [InlineData("tpu")]
    public void For_DeviceThisBuildLacks_SaysWhichBuildHasIt(string device)
    {
        DeviceUnavailableException exception = Assert.Throws<DeviceUnavailableException>(() => DeviceBackends.For(device));
        Assert.Equal($"Device '{device}' needs a build with -p:Torch=cuda (or -p:Torch=cpu for 'torch:cpu'); this build has 'cpu' alone.", exception.Message);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("cpu", true)]
    [InlineData("cuda:0", false)]
    public void IsProcessor_AnyDevice_TellsWhetherHostsLoadItThemselves(string device, bool expected) =>
        Assert.Equal(expected, DeviceBackends.IsProcessor(device));
}
