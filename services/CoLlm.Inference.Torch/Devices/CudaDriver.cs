using System.Runtime.InteropServices;
using CoLlm.Inference.Backends;

namespace CoLlm.Inference.Torch.Devices;

/// <summary>The few questions that TorchSharp does not answer, put to NVIDIA's driver library: its version, its devices, their memory.</summary>
internal static unsafe class CudaDriver
{
    /// <summary>Oldest driver interface that the CUDA 12 libraries of the packages start on.</summary>
    private const int OldestVersion = 12000;

    private const int ComputeCapabilityMajor = 75;
    private const int ComputeCapabilityMinor = 76;

    /// <summary>Fails, with a sentence, unless a CUDA device of this index can be used.</summary>
    /// <exception cref="DeviceUnavailableException">No driver, a driver that is too old, or no such device.</exception>
    public static void Require(int index)
    {
        nint library = Load();
        Check(((delegate* unmanaged<uint, int>)Symbol(library, "cuInit"))(0), "starting the NVIDIA driver");
        int version;
        Check(((delegate* unmanaged<int*, int>)Symbol(library, "cuDriverGetVersion"))(&version), "asking the driver's version");
        if (version < OldestVersion)
        {
            throw new DeviceUnavailableException(
                $"The NVIDIA driver supports CUDA {Text(version)}; this build needs a driver for CUDA {Text(OldestVersion)} or later.");
        }

        int count;
        Check(((delegate* unmanaged<int*, int>)Symbol(library, "cuDeviceGetCount"))(&count), "counting the CUDA devices");
        if (index >= count)
            throw new DeviceUnavailableException($"There is no device 'cuda:{index}'; the driver sees {count} CUDA device{(count == 1 ? "" : "s")}.");
    }

    /// <summary>Free bytes on a device, asked for in its own context: which one is current here depends on the devices in use.</summary>
    public static long FreeBytes(int index)
    {
        nint library = Load();
        int device;
        nint context;
        Check(((delegate* unmanaged<int*, int, int>)Symbol(library, "cuDeviceGet"))(&device, index), "finding the device");
        Check(((delegate* unmanaged<nint*, int, int>)Symbol(library, "cuDevicePrimaryCtxRetain"))(&context, device), "opening the device's context");
        try
        {
            return FreeBytesIn(context, library);
        }
        finally
        {
            Check(((delegate* unmanaged<int, int>)Symbol(library, "cuDevicePrimaryCtxRelease_v2"))(device), "closing the device's context");
        }
    }

    /// <summary>The device's name and compute capability, for logs and reports.</summary>
    public static string Describe(int index)
    {
        nint library = Load();
        byte* name = stackalloc byte[128];
        int major;
        int minor;
        var attribute = (delegate* unmanaged<int*, int, int, int>)Symbol(library, "cuDeviceGetAttribute");
        Check(((delegate* unmanaged<byte*, int, int, int>)Symbol(library, "cuDeviceGetName"))(name, 128, index), "asking the device's name");
        Check(attribute(&major, ComputeCapabilityMajor, index), "asking the device's compute capability");
        Check(attribute(&minor, ComputeCapabilityMinor, index), "asking the device's compute capability");
        return $"{Marshal.PtrToStringUTF8((nint)name)}, compute capability {major}.{minor}";
    }

    private static long FreeBytesIn(nint context, nint library)
    {
        Check(((delegate* unmanaged<nint, int>)Symbol(library, "cuCtxPushCurrent_v2"))(context), "entering the device's context");
        try
        {
            nuint free;
            nuint total;
            Check(((delegate* unmanaged<nuint*, nuint*, int>)Symbol(library, "cuMemGetInfo_v2"))(&free, &total), "asking for the device's free memory");
            return (long)free;
        }
        finally
        {
            Check(((delegate* unmanaged<nint*, int>)Symbol(library, "cuCtxPopCurrent_v2"))(&context), "leaving the device's context");
        }
    }

    private static nint Load() =>
        NativeLibrary.TryLoad("libcuda.so.1", out nint library)
            ? library
            : throw new DeviceUnavailableException("There is no NVIDIA driver here: libcuda.so.1 cannot be loaded.");

    private static void* Symbol(nint library, string name) =>
        NativeLibrary.TryGetExport(library, name, out nint address)
            ? (void*)address
            : throw new DeviceUnavailableException($"The NVIDIA driver is too old: it has no function '{name}'.");

    private static void Check(int result, string doing)
    {
        if (result != 0)
            throw new DeviceUnavailableException($"The NVIDIA driver failed at {doing}: error {result}.");
    }

    private static string Text(int version) => $"{version / 1000}.{version % 1000 / 10}";
}
