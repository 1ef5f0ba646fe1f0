using System.Reflection;
using CoLlm.Inference.Backends;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Running;

/// <summary>Opens the device that the settings name. Those of optional builds are found by name, as <see cref="DeviceBackends"/> finds backends.</summary>
internal static class TrainingDevices
{
    private const string AssemblyName = "CoLlm.Training.Torch";
    private const string TypeName = "CoLlm.Training.Torch.TorchTrainingDevices";

    /// <summary>Says whether a run could get its device before hours are spent on the way there.</summary>
    /// <exception cref="DeviceUnavailableException">This build has nothing for the device.</exception>
    public static void Require(TrainingOptions options)
    {
        if (!IsHost(options))
            DeviceBackends.For(options.Device!);
    }

    /// <exception cref="DeviceUnavailableException">This build has nothing for the device, or it cannot be used.</exception>
    public static ITrainingDevice Open(ComputeContext compute, TrainerState state, TrainingOptions options, int columnCount)
    {
        Require(options);
        if (IsHost(options))
            return new HostDevice(compute, state, columnCount);
        return ((ITrainingDevices)Assembly.Load(AssemblyName).CreateInstance(TypeName)!).Open(state, options, columnCount);
    }

    private static bool IsHost(TrainingOptions options) => options.Device is null || DeviceBackends.IsProcessor(options.Device);
}
