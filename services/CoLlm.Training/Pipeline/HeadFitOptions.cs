namespace CoLlm.Training.Pipeline;

/// <summary>How the swap head gets its start on frozen hidden states.</summary>
public sealed record HeadFitOptions
{
    /// <value>2e-5</value>
    public double LearningRate { get; init; } = 2e-5;

    /// <value>2</value>
    public int Epochs { get; init; } = 2;

    /// <summary>Sequences per step.</summary>
    /// <value>128</value>
    public int BatchSequences { get; init; } = 128;

    /// <summary>How much a position where the head should defer counts.</summary>
    /// <value>8</value>
    public double PositiveWeight { get; init; } = 8;

    /// <exception cref="TrainingException">A setting is out of bounds.</exception>
    public void Validate()
    {
        if (!(LearningRate is > 0 and <= 10) || Epochs is < 1 or > 100_000 || BatchSequences is < 1 or > 1 << 20 || !(PositiveWeight is > 0 and <= 1e6))
        {
            throw new TrainingException(
                "Fitting the head needs a learning rate above 0 and at most 10, 1 to 100000 epochs, 1 to 1048576 sequences per batch "
                    + "and a positive weight above 0 and at most 1000000.");
        }
    }
}
