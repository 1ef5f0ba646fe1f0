using System.Diagnostics;
using CoLlm.Inference.Torch.Devices;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Measuring;

/// <summary>What a device does at best: copying its memory, and multiplying large matrices.</summary>
internal sealed class DeviceCeilings(TorchDevice device, ScalarType type)
{
    private const int Repetitions = 8;

    private readonly long _copyBytes = device.IsCuda ? 1L << 30 : 1L << 27;
    private readonly long _width = device.IsCuda ? 8192 : 1024;

    /// <summary>Bytes read and written per second.</summary>
    public double CopyBandwidth()
    {
        using var scope = NewDisposeScope();
        Tensor source = zeros([_copyBytes], ScalarType.Byte, device.Device);
        Tensor target = empty_like(source);
        target.copy_(source);
        return 2.0 * _copyBytes * Repetitions / Time(() => target.copy_(source));
    }

    /// <summary>Operations per second, two for each multiply-add.</summary>
    public double MatmulRate()
    {
        using var scope = NewDisposeScope();
        Tensor left = full([_width, _width], 0.5f, type, device.Device);
        Tensor right = full([_width, _width], 0.25f, type, device.Device);
        left.mm(right).Dispose();
        return 2.0 * _width * _width * _width * Repetitions / Time(() => left.mm(right).Dispose());
    }

    private double Time(Action action)
    {
        device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Repetitions; i++)
            action();
        device.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
