using System.Text;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Measuring;

namespace CoLlm.Cli.Commands;

/// <summary>How fast a model runs on a device of an optional backend, beside that device's copy bandwidth and matrix products.</summary>
internal static class DeviceBench
{
    private const int Context = 64;
    private const int PromptTokens = 256;
    private static readonly int[] Batches = [1, 8, 32];

    /// <exception cref="DeviceUnavailableException">The device cannot be used, or this build has no backend for it.</exception>
    public static string Measure(ICheckpoint checkpoint, string device, int rounds, CancellationToken cancellationToken)
    {
        using IInferenceBackend backend = DeviceBackends.For(device).Load(device, checkpoint);
        if (backend is not IMeasuredBackend measured)
            throw new DeviceUnavailableException($"The backend of '{device}' does not measure its device.");
        int prompt = Math.Max(Math.Min(PromptTokens, checkpoint.Config.MaxPositionCount), Batches.Max());
        int context = Math.Min(Context, checkpoint.Config.MaxPositionCount - 1);
        StepSpeed speed = new(backend, Batches.Max(), Math.Max(prompt, context + 1));
        Func<double>[] readings =
        [
            measured.CopyBandwidth,
            measured.MatmulRate,
            .. Batches.Select<int, Func<double>>(batch => () => batch / speed.Decode(batch, context)),
            .. Batches.Select<int, Func<double>>(batch => () => prompt / batch * batch / speed.Prefill(prompt / batch, batch)),
        ];
        double[] medians = Readings.Medians(readings, rounds, cancellationToken);
        double bandwidth = medians[0];
        double rate = medians[1];

        var text = new StringBuilder();
        text.Append($"device           {measured.DeviceDescription}\n");
        text.Append($"weights a step   {measured.StepWeightBytes / 1e9:0.00} GB\n");
        text.Append($"copy bandwidth   {bandwidth / 1e9:0.0} GB/s read and written\n");
        text.Append($"matrix products  {rate / 1e9:0} GFLOP/s\n");
        for (int i = 0; i < Batches.Length; i++)
        {
            double tokens = medians[2 + i];
            double share = tokens / Batches[i] * measured.StepWeightBytes / bandwidth;
            text.Append($"decode x{Batches[i],-2}       {tokens,7:0.0} tokens/s   {share,4:P0} of the copy bandwidth\n");
        }

        for (int i = 0; i < Batches.Length; i++)
        {
            double tokens = medians[2 + Batches.Length + i];
            double share = tokens * 2 * StepSpeed.LayerWeights(checkpoint.Config) / rate;
            text.Append($"prefill x{Batches[i],-2}      {tokens,7:0.0} tokens/s   {share,4:P0} of the matrix products\n");
        }

        return text.ToString();
    }
}
