namespace CoLlm.Cli.Demo;

/// <summary>What the demo is asked to do.</summary>
internal sealed record DemoOptions
{
    /// <summary>Folder of the models; null: looks for it.</summary>
    public string? Models { get; init; }

    /// <summary>What to ask; empty: the demo's own questions.</summary>
    public IReadOnlyList<string> Questions { get; init; } = [];

    /// <summary>Where clients reach the router; 0: any free port.</summary>
    public int Port { get; init; }

    /// <summary>Whether the services go on after the last answer.</summary>
    public bool Serves { get; init; }

    /// <summary>Deferral threshold; null: by the target rate.</summary>
    public float? Threshold { get; init; }

    /// <summary>Share of tokens to defer, by the swap head's calibration; null: the router's default.</summary>
    public float? TargetRate { get; init; }

    /// <summary>Longest answer.</summary>
    public int MaxTokens { get; init; } = 224;

    /// <summary>Longest wait for the experts, and again for the router.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(60);
}
