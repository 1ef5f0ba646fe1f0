namespace CoLlm.Decoding.SwapHeads;

/// <summary>One row of a calibration: the threshold at which a share of positions was deferred.</summary>
/// <param name="TargetRate">Share of positions, 0 to 1.</param>
/// <param name="Threshold">The cut that gives it.</param>
public readonly record struct CalibrationPoint(float TargetRate, float Threshold);

/// <summary>
/// Maps target deferral rates to thresholds, as measured on text the base wrote alone. The rate that collaboration then realises
/// drifts from the target. Rates strictly ascend, thresholds never do: validated when made.
/// </summary>
public sealed class CalibrationTable
{
    public const int MaxPointCount = 1024;

    private readonly CalibrationPoint[] _points;

    private CalibrationTable(CalibrationPoint[] points, CalibrationPoint? best = null)
    {
        _points = points;
        Best = best;
    }

    public IReadOnlyList<CalibrationPoint> Points => _points;

    /// <summary>The row that answered the validation questions best; null where none was marked.</summary>
    public CalibrationPoint? Best { get; }

    /// <summary>The same rows with one of them marked as the best.</summary>
    /// <exception cref="ArgumentException">No row has this target rate.</exception>
    public CalibrationTable WithBest(float targetRate) => Array.FindIndex(_points, point => point.TargetRate == targetRate) is var row and >= 0
        ? new CalibrationTable(_points, _points[row])
        : throw new ArgumentException($"No row of the calibration table has the target rate {targetRate}.", nameof(targetRate));

    /// <summary>Checks the rows; <paramref name="problem"/> is one sentence naming the first that is wrong.</summary>
    public static CalibrationTable? TryCreate(IReadOnlyList<CalibrationPoint> points, out string? problem)
    {
        problem = FindProblem(points);
        return problem is null ? new CalibrationTable([.. points]) : null;
    }

    /// <summary>
    /// The quantile grid: for each target rate the threshold above which that share of observed probabilities lies, or the nearest
    /// smaller share where several are equal.
    /// </summary>
    /// <param name="probabilities">Deferral probabilities along text the base wrote; at least one. Sorted in place.</param>
    /// <param name="targetRates">Strictly ascending, 0 to 1. Zero gets the threshold 1 and one the threshold -1.</param>
    public static CalibrationTable FromProbabilities(Span<float> probabilities, ReadOnlySpan<float> targetRates)
    {
        ArgumentOutOfRangeException.ThrowIfZero(probabilities.Length, nameof(probabilities));
        probabilities.Sort();
        var points = new CalibrationPoint[targetRates.Length];
        for (int i = 0; i < points.Length; i++)
        {
            int deferred = (int)Math.Floor((double)targetRates[i] * probabilities.Length);
            float threshold = deferred >= probabilities.Length ? -1f : probabilities[^(deferred + 1)];
            points[i] = new CalibrationPoint(targetRates[i], targetRates[i] == 0f ? 1f : threshold);
        }

        return TryCreate(points, out string? problem) ?? throw new ArgumentException(problem, nameof(targetRates));
    }

    /// <summary>
    /// The threshold for a target rate, linear between rows. Zero never defers and one always does unless the table has rows for them.
    /// </summary>
    /// <param name="targetRate">0 to 1.</param>
    public float ThresholdFor(float targetRate)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(targetRate is >= 0f and <= 1f, true, nameof(targetRate));
        var below = new CalibrationPoint(0f, 1f);
        foreach (CalibrationPoint point in _points)
        {
            if (point.TargetRate == targetRate)
                return point.Threshold;
            if (point.TargetRate > targetRate)
                return Between(below, point, targetRate);
            below = point;
        }

        // A negative threshold is the only one that defers whatever the probability.
        return targetRate == 1f ? -1f : Between(below, new CalibrationPoint(1f, Math.Min(below.Threshold, 0f)), targetRate);
    }

    /// <summary>The target rate that a threshold stands for, linear between rows: the way back from <see cref="ThresholdFor"/>.</summary>
    /// <param name="threshold">-1 to 1; below zero everything is deferred.</param>
    public float RateFor(float threshold)
    {
        if (threshold < 0f)
            return 1f;
        var below = new CalibrationPoint(0f, 1f);
        foreach (CalibrationPoint point in _points)
        {
            if (point.Threshold <= threshold)
                return RateBetween(below, point, threshold);
            below = point;
        }

        return RateBetween(below, new CalibrationPoint(1f, Math.Min(below.Threshold, 0f)), threshold);
    }

    private static float RateBetween(CalibrationPoint below, CalibrationPoint above, float threshold) =>
        above.Threshold == below.Threshold || threshold >= below.Threshold
            ? below.TargetRate
            : below.TargetRate + (above.TargetRate - below.TargetRate) * (below.Threshold - threshold) / (below.Threshold - above.Threshold);

    private static float Between(CalibrationPoint below, CalibrationPoint above, float targetRate) =>
        targetRate == below.TargetRate
            ? below.Threshold
            : below.Threshold + (above.Threshold - below.Threshold) * (targetRate - below.TargetRate) / (above.TargetRate - below.TargetRate);

    private static string? FindProblem(IReadOnlyList<CalibrationPoint> points)
    {
        if (points.Count is 0 or > MaxPointCount)
            return $"the calibration table has {points.Count} rows; 1 to {MaxPointCount} are allowed";
        for (int i = 0; i < points.Count; i++)
        {
            if (points[i].TargetRate is not (>= 0f and <= 1f))
                return $"row {i} of the calibration table has a target rate outside 0 to 1";
            if (points[i].Threshold is not (>= -1f and <= 1f))
                return $"row {i} of the calibration table has a threshold outside -1 to 1";
            if (i > 0 && points[i].TargetRate <= points[i - 1].TargetRate)
                return $"row {i} of the calibration table does not raise the target rate";
            if (i > 0 && points[i].Threshold > points[i - 1].Threshold)
                return $"row {i} of the calibration table raises the threshold";
        }

        return null;
    }
}
