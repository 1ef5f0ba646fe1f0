using System.Reflection;

namespace CoLlm.Inference.Backends;

/// <summary>
/// Finds the backends of optional builds. They are looked for by name, so that hosts compile the same with and without them and a
/// build that lacks one can say so.
/// </summary>
public static class DeviceBackends
{
    /// <summary>The processor through the pure C# backend, which every build has; hosts load it themselves.</summary>
    public const string Processor = "cpu";

    private const string AssemblyName = "CoLlm.Inference.Torch";
    private const string TypeName = "CoLlm.Inference.Torch.TorchDevices";

    /// <summary>True for the device that needs nothing from here.</summary>
    public static bool IsProcessor(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.Length == 0 || device == Processor;
    }

    /// <summary>Finds who loads models onto a device.</summary>
    /// <exception cref="DeviceUnavailableException">This build has nothing for it.</exception>
    public static IDeviceBackends For(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        IDeviceBackends backends = Find() ?? throw new DeviceUnavailableException(
            $"Device '{device}' needs a build with -p:Torch=cuda (or -p:Torch=cpu for 'torch:cpu'); this build has '{Processor}' alone.");
        return backends.Serves(device)
            ? backends
            : throw new DeviceUnavailableException($"Device '{device}' is not known; write '{Processor}', 'cuda:N' or 'torch:cpu'.");
    }

    private static IDeviceBackends? Find()
    {
        try
        {
            return (IDeviceBackends?)Assembly.Load(AssemblyName).CreateInstance(TypeName);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
