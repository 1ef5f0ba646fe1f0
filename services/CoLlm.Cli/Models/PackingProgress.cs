using System.Diagnostics;

namespace CoLlm.Cli.Models;

/// <summary>Tells a person that weights are being packed, in steps of a tenth, once that has taken more than a second.</summary>
internal sealed class PackingProgress(TextWriter error) : IProgress<double>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private int _toldTenths;

    public void Report(double value)
    {
        int tenths = (int)(value * 10);
        lock (_gate)
        {
            if (tenths <= _toldTenths || Stopwatch.GetElapsedTime(_started) < Patience)
                return;
            _toldTenths = tenths;
            error.WriteLine($"collm: packing the weights, {tenths * 10} %");
        }
    }
}
