namespace CoLlm.Training.Pipeline;

/// <summary>How well a score separates positives from negatives.</summary>
/// <param name="Area">Probability that a positive scores higher than a negative; ties count half.</param>
/// <param name="Threshold">The cut where sensitivity minus false-positive rate is greatest (Youden); scores above it are called positive.</param>
/// <param name="Sensitivity">Share of the positives above that cut.</param>
/// <param name="FalsePositiveRate">Share of the negatives above it.</param>
public sealed record RocCurve(double Area, float Threshold, double Sensitivity, double FalsePositiveRate)
{
    /// <summary>Computes the curve; null where one of the classes is empty.</summary>
    public static RocCurve? Of(ReadOnlySpan<float> scores, ReadOnlySpan<bool> labels)
    {
        float[] sorted = scores.ToArray();
        bool[] isPositive = labels.ToArray();
        Array.Sort(sorted, isPositive);
        long positives = isPositive.LongCount(label => label);
        long negatives = sorted.Length - positives;
        if (positives == 0 || negatives == 0)
            return null;

        long above = positives;
        long negativesAbove = negatives;
        double area = 0;
        RocCurve best = new(0, -1, 1, 1);
        for (int i = 0; i < sorted.Length;)
        {
            int start = i;
            long positivesHere = 0;
            for (; i < sorted.Length && sorted[i] == sorted[start]; i++)
                positivesHere += isPositive[i] ? 1 : 0;
            long negativesHere = i - start - positivesHere;
            above -= positivesHere;
            negativesAbove -= negativesHere;
            area += negativesHere * (above + (0.5 * positivesHere));
            double sensitivity = (double)above / positives;
            double falsePositiveRate = (double)negativesAbove / negatives;
            if (sensitivity - falsePositiveRate > best.Sensitivity - best.FalsePositiveRate)
                best = new RocCurve(0, sorted[start], sensitivity, falsePositiveRate);
        }

        return best with { Area = area / ((double)positives * negatives) };
    }
}
