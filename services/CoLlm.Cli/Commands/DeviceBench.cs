using System.Text;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Measuring;

namespace CoLlm.Cli.Commands;

/// <summary>How fast a model runs on a device of an optional backend, beside that device's copy bandwidth and matrix products.</summary>
internal static class DeviceBench
{
    private static readonly int[] Batches = [1, 8, 32];

    /// <exception cref="DeviceUnavailableException">The device cannot be used, or this build has no backend for it.</exception>
    public static string Measure(ICheckpoint checkpoint, string device, int rounds, CancellationToken cancellationToken)
    {
        using IInferenceBackend backend = DeviceBackends.For(device).Load(device, checkpoint);
        if (backend is not IMeasuredBackend measured)
            throw new DeviceUnavailableException($"The backend of '{device}' does not measure its device.");
        SpeedReport report = new(checkpoint.Config, Batches);
        StepSpeed speed = new(backend, report.MostSequences, report.MostTokens);
        double[] medians = report.Measure(measured.CopyBandwidth, measured.MatmulRate, speed.Decode, speed.Prefill, rounds, cancellationToken);

        var text = new StringBuilder();
        text.Append($"device           {measured.DeviceDescription}\n");
        text.Append($"weights a step   {measured.StepWeightBytes / 1e9:0.00} GB\n");
        text.Append($"copy bandwidth   {medians[0] / 1e9:0.0} GB/s read and written\n");
        text.Append($"matrix products  {medians[1] / 1e9:0} GFLOP/s\n");
        report.AppendTo(text, medians, measured.StepWeightBytes, "copy bandwidth", "matrix products");
        return text.ToString();
    }
}
