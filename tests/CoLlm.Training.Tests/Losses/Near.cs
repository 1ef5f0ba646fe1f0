namespace CoLlm.Training.Tests.Losses;

/// <summary>Comparisons at the tolerances that the golden data states.</summary>
internal static class Near
{
    public static void All(ReadOnlySpan<float> expected, ReadOnlySpan<double> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance, $"[{i}] is {actual[i]}, expected {expected[i]}.");
    }

    /// <summary>Gradients: 1e-4 absolute and 5e-5 in relative Euclidean length.</summary>
    public static void Gradient(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        double difference = 0;
        double length = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.True(Math.Abs(expected[i] - actual[i]) <= 1e-4, $"{name}[{i}] is {actual[i]}, expected {expected[i]}.");
            difference += Math.Pow(expected[i] - actual[i], 2);
            length += Math.Pow(expected[i], 2);
        }

        Assert.True(Math.Sqrt(difference) <= 5e-5 * Math.Sqrt(length), $"{name} differs by {Math.Sqrt(difference / length)} in relative length.");
    }

    /// <summary>Weights after three steps: 99.9 % within 5e-6 and all within 5e-4.</summary>
    public static void Weights(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string name)
    {
        Assert.Equal(expected.Length, actual.Length);
        int beyond = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)expected[i] - actual[i]);
            Assert.True(difference <= 5e-4, $"{name}[{i}] is {actual[i]}, expected {expected[i]}.");
            beyond += difference > 5e-6 ? 1 : 0;
        }

        Assert.True(beyond <= 0.001 * expected.Length, $"{name}: {beyond} of {expected.Length} elements are beyond 5e-6.");
    }
}
