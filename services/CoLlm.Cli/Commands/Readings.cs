namespace CoLlm.Cli.Commands;

/// <summary>Repeated measurements of several things.</summary>
internal static class Readings
{
    /// <summary>Takes the readings in turns, so that whatever the machine does meanwhile falls on all of them.</summary>
    public static double[] Medians(Func<double>[] readings, int rounds, CancellationToken cancellationToken)
    {
        var samples = new double[readings.Length][];
        for (int i = 0; i < readings.Length; i++)
            samples[i] = new double[rounds];
        for (int round = -1; round < rounds; round++)
        {
            for (int i = 0; i < readings.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                double reading = readings[i]();
                if (round >= 0) // the round before the first warms up
                    samples[i][round] = reading;
            }
        }
        foreach (double[] values in samples)
            Array.Sort(values);
        return [.. samples.Select(values => values[rounds / 2])];
    }
}
