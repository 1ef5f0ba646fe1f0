using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Torch.Tests;

/// <summary>The device that the tests compute on.</summary>
internal static class TorchUnderTest
{
    /// <summary>The processor, or what <c>COLLM_TEST_DEVICE</c> names: on a machine with a GPU the same tests run there.</summary>
    public static string Device { get; } = Environment.GetEnvironmentVariable("COLLM_TEST_DEVICE") ?? TorchDevices.Cpu;

    public static TorchBackend Load(ICheckpoint checkpoint, ComputeFormat format = ComputeFormat.Float32) =>
        TorchBackend.Load(checkpoint, new TorchBackendOptions { Device = Device, ComputeFormat = format });
}
