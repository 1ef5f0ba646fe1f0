namespace CoLlm.Inference.ChatTemplates;

/// <summary>Bounds on one rendering, so that no template can hang a server or fill its memory. A refusal names the bound.</summary>
public sealed record TemplateLimits
{
    public static TemplateLimits Default { get; } = new();

    /// <summary>Longest output, text or list, in characters or items: 16 Mi.</summary>
    public int MaxOutputLength { get; init; } = 1 << 24;

    /// <summary>Loop iterations of all loops together: 1 Mi.</summary>
    public int MaxIterations { get; init; } = 1 << 20;

    /// <summary>Macro calls inside macro calls: 128.</summary>
    public int MaxCallDepth { get; init; } = 128;

    /// <summary>Operations, counting one per evaluated node and per character or item touched: 256 Mi.</summary>
    public long MaxWork { get; init; } = 1L << 28;
}
