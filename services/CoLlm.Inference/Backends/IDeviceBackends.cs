using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Backends;

/// <summary>Loads models onto devices that only some builds can use. One implementation per assembly that <see cref="DeviceBackends"/> knows.</summary>
public interface IDeviceBackends
{
    /// <summary>True where a device of this name is this assembly's business, there or not.</summary>
    bool Serves(string device);

    /// <summary>Brings the model onto the device. The checkpoint must stay open while the backend is used.</summary>
    /// <param name="device">A name that <see cref="Serves"/> knows.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="progress">Told the fraction of the weights that is there.</param>
    /// <exception cref="DeviceUnavailableException">The device, its driver or a library is missing or too old.</exception>
    /// <exception cref="CheckpointException">A tensor is missing, has a wrong shape, or holds NaN or infinity.</exception>
    IInferenceBackend Load(string device, ICheckpoint checkpoint, IProgress<double>? progress = null);
}

/// <summary>A device cannot be used; the message is one sentence that says why.</summary>
public sealed class DeviceUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
