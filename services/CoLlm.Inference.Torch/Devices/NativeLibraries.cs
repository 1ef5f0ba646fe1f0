using System.Runtime.InteropServices;
using CoLlm.Inference.Backends;

namespace CoLlm.Inference.Torch.Devices;

/// <summary>
/// Loads libtorch before TorchSharp does: TorchSharp reports a missing library on standard output, in pages; here it is one sentence.
/// </summary>
internal static class NativeLibraries
{
    /// <exception cref="DeviceUnavailableException">A library of the build cannot be loaded.</exception>
    public static void Require(bool cuda)
    {
        string torch = cuda ? "torch_cuda" : "torch_cpu";
        Load(torch, cuda ? "the CUDA libraries of libtorch" : "libtorch");
        Load("LibTorchSharp", "TorchSharp's native library");
    }

    private static void Load(string name, string what)
    {
        try
        {
            NativeLibrary.Load(name, typeof(TorchSharp.torch).Assembly, null);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            throw new DeviceUnavailableException($"Cannot load {what} ('{name}'): {Reason(exception.Message)}", exception);
        }
    }

    /// <summary>The loader's last complaint about a file that exists says more than its list of names that do not.</summary>
    private static string Reason(string message)
    {
        string[] lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? telling = Array.Find(lines, line => line.Contains("version `", StringComparison.Ordinal) || line.Contains("undefined symbol", StringComparison.Ordinal))
            ?? Array.Find(lines, line => line.Contains(".so.", StringComparison.Ordinal) && line.Contains("cannot open", StringComparison.Ordinal));
        return telling ?? "the file is not beside the program and not on the library path; publish with -p:Torch=cuda or -p:Torch=cpu for linux-x64.";
    }
}
