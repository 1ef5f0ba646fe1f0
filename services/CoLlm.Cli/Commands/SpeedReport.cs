using System.Text;
using CoLlm.Inference.Measuring;
using CoLlm.Inference.Models;

namespace CoLlm.Cli.Commands;

/// <summary>Decode and prefill speed at several batch sizes, each beside the ceiling that it runs into.</summary>
internal sealed class SpeedReport(ModelConfig config, int[] batches)
{
    public const int ContextTokens = 64;
    public const int PromptTokens = 256;

    private readonly int _prompt = Math.Max(Math.Min(PromptTokens, config.MaxPositionCount), batches.Max());
    private readonly int _context = Math.Min(ContextTokens, config.MaxPositionCount - 1);

    /// <summary>Largest number of sequences that is measured.</summary>
    public int MostSequences => batches.Max();

    /// <summary>Longest sequence that is measured.</summary>
    public int MostTokens => Math.Max(_prompt, _context + 1);

    /// <summary>Measures the ceilings and, in tokens per second, decode and then prefill at each batch size.</summary>
    /// <param name="bandwidth">Bytes per second.</param>
    /// <param name="rate">Operations per second.</param>
    /// <param name="decode">Seconds of one step of so many sequences over so many tokens.</param>
    /// <param name="prefill">Seconds of one step of so many tokens in each of so many sequences.</param>
    /// <param name="rounds">Readings of each kind; the median counts.</param>
    /// <param name="cancellationToken">Ends it between two readings.</param>
    public double[] Measure(
        Func<double> bandwidth, Func<double> rate, Func<int, int, double> decode, Func<int, int, double> prefill, int rounds, CancellationToken cancellationToken) =>
        Readings.Medians(
            [
                bandwidth,
                rate,
                .. batches.Select<int, Func<double>>(batch => () => batch / decode(batch, _context)),
                .. batches.Select<int, Func<double>>(batch => () => _prompt / batch * batch / prefill(_prompt / batch, batch)),
            ],
            rounds,
            cancellationToken);

    /// <summary>Writes a line for each batch size.</summary>
    /// <param name="text">Goes on here.</param>
    /// <param name="medians">As <see cref="Measure"/> returns them.</param>
    /// <param name="stepBytes">Weights that a decode step reads.</param>
    /// <param name="bandwidthName">What the first ceiling is called.</param>
    /// <param name="rateName">What the second is called.</param>
    public void AppendTo(StringBuilder text, double[] medians, double stepBytes, string bandwidthName, string rateName)
    {
        double operations = 2.0 * StepSpeed.LayerWeights(config);
        for (int i = 0; i < batches.Length; i++)
        {
            double tokens = medians[2 + i];
            text.Append($"decode x{batches[i],-2}       {tokens,7:0.0} tokens/s   {tokens / batches[i] * stepBytes / medians[0],4:P0} of the {bandwidthName}\n");
        }

        for (int i = 0; i < batches.Length; i++)
        {
            double tokens = medians[2 + batches.Length + i];
            text.Append($"prefill x{batches[i],-2}      {tokens,7:0.0} tokens/s   {tokens * operations / medians[1],4:P0} of the {rateName}\n");
        }
    }
}
