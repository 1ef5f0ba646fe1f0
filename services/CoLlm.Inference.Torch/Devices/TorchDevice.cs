using System.Globalization;
using System.Runtime.InteropServices;
using CoLlm.Inference.Backends;
using TorchSharp;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Devices;

/// <summary>A device that libtorch computes on, ready for use.</summary>
internal sealed class TorchDevice
{
    private TorchDevice(string name, Device device)
    {
        Name = name;
        Device = device;
    }

    /// <summary><c>torch:cpu</c> or <c>cuda:0</c>.</summary>
    public string Name { get; }

    public Device Device { get; }

    public bool IsCuda => Device.type == DeviceType.CUDA;

    /// <summary>True for the names this backend serves: <c>torch:cpu</c>, <c>cuda</c> and <c>cuda:N</c>.</summary>
    public static bool IsKnown(string name) => name == TorchDevices.Cpu || CudaIndex(name) is not null;

    /// <exception cref="DeviceUnavailableException">The device, its driver or a library is missing or too old.</exception>
    public static TorchDevice Open(string name)
    {
        if (name == TorchDevices.Cpu)
        {
            NativeLibraries.Require(cuda: false);
            InitializeDeviceType(DeviceType.CPU);
            return new TorchDevice(name, new Device(DeviceType.CPU));
        }

        int index = CudaIndex(name) ?? throw new DeviceUnavailableException($"'{name}' is no device of libtorch; known are '{TorchDevices.Cpu}' and 'cuda:N'.");
        CudaDriver.Require(index);
        NativeLibraries.Require(cuda: true);
        if (!TryInitializeDeviceType(DeviceType.CUDA))
            throw new DeviceUnavailableException($"libtorch cannot use 'cuda:{index}' ({CudaDriver.Describe(index)}) although its driver answers.");
        backends.cuda.matmul.allow_fp16_reduced_precision_reduction = false; // The library's default may overflow inside a product that it splits.
        return new TorchDevice($"cuda:{index}", new Device(DeviceType.CUDA, index));
    }

    /// <summary>What it is, for reports.</summary>
    public string Describe() => IsCuda ? $"{Name}: {CudaDriver.Describe(Device.index)}" : $"{Name}: {get_num_threads()} threads";

    /// <summary>Bytes free on a CUDA device.</summary>
    public long FreeBytes() => CudaDriver.FreeBytes(Device.index);

    /// <summary>Waits until the device has done all it was told.</summary>
    public void Synchronize()
    {
        if (IsCuda)
            cuda.synchronize(Device);
    }

    /// <summary>Does something that takes memory of the device; running out is said in a sentence.</summary>
    /// <exception cref="DeviceUnavailableException">The device has not enough memory, or refuses in another way.</exception>
    public T Try<T>(string what, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (ExternalException exception)
        {
            string first = exception.Message.Split('\n', 2)[0];
            throw new DeviceUnavailableException($"'{Name}' cannot {what}: {first}", exception);
        }
    }

    private static int? CudaIndex(string name)
    {
        if (name == "cuda")
            return 0;
        return name.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < 64
            ? index
            : null;
    }
}
