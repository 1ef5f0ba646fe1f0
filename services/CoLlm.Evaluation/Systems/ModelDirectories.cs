namespace CoLlm.Evaluation.Systems;

/// <summary>The models of an evaluation, as directories.</summary>
public sealed record ModelDirectories
{
    /// <summary>The base that was trained to defer, with its swap head.</summary>
    public required string Model { get; init; }

    /// <summary>By name, in any order; the names are those that the swap head was trained with.</summary>
    public required IReadOnlyList<(string Name, string Directory)> Experts { get; init; }

    /// <summary>The base before it was trained; null leaves out the systems that need it.</summary>
    public string? Base { get; init; }

    /// <summary>The base trained on the same data without experts; null leaves out the systems that need it.</summary>
    public string? Finetuned { get; init; }
}
