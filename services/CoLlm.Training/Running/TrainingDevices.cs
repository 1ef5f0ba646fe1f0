using System.Reflection;
using CoLlm.Inference.Backends;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Running;

/// <summary>Opens the device that the settings name. Those of optional builds are found by name, as <see cref="DeviceBackends"/> finds backends.</summary>
internal static class TrainingDevices
{
    private const string AssemblyName = "CoLlm.Training.Torch";
    private const string TypeName = "CoLlm.Training.Torch.TorchTrainingDevices";

    /// <exception cref="DeviceUnavailableException">This build has nothing for the device, or it cannot be used.</exception>
    public static ITrainingDevice Open(ComputeContext compute, TrainerState state, TrainingOptions options, int columnCount)
    {
        if (options.Device is null || DeviceBackends.IsProcessor(options.Device))
            return new HostDevice(compute, state, columnCount);
        DeviceBackends.For(options.Device);
        return ((ITrainingDevices)Assembly.Load(AssemblyName).CreateInstance(TypeName)!).Open(state, options, columnCount);
    }
}
