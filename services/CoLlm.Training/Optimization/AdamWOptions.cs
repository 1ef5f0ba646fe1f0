namespace CoLlm.Training.Optimization;

/// <summary>Constants of AdamW; the learning rate comes with every step.</summary>
public sealed record AdamWOptions
{
    /// <value>0.9</value>
    public float Beta1 { get; init; } = 0.9f;

    /// <value>0.999</value>
    public float Beta2 { get; init; } = 0.999f;

    /// <value>1e-8</value>
    public float Epsilon { get; init; } = 1e-8f;

    /// <value>0</value>
    public float WeightDecay { get; init; }
}
