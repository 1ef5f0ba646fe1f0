using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Torch.Devices;

namespace CoLlm.Inference.Torch;

/// <summary>What hosts find when they ask for a device other than the plain processor; see <see cref="DeviceBackends"/>.</summary>
public sealed class TorchDevices : IDeviceBackends
{
    /// <summary>The processor through libtorch: for checks, not for service.</summary>
    public const string Cpu = "torch:cpu";

    public bool Serves(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return TorchDevice.IsKnown(device);
    }

    public IInferenceBackend Load(string device, ICheckpoint checkpoint, IProgress<double>? progress = null) =>
        TorchBackend.Load(checkpoint, new TorchBackendOptions { Device = device }, progress);
}
