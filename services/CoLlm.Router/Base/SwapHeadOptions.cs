namespace CoLlm.Router.Base;

/// <summary>Where the swap head comes from. Without one only explicit modes without thresholds work.</summary>
public sealed record SwapHeadOptions
{
    /// <summary>A swap head file.</summary>
    /// <value>null.</value>
    public string? File { get; init; }

    /// <summary>
    /// Takes the last row of the base's output projection, as the published research checkpoints have it, for the only expert.
    /// </summary>
    /// <value>null: where there is no file and the base's tokenizer has the deferral token.</value>
    public bool? ResearchConvention { get; init; }

    /// <summary>Uses a head that was trained with other models than those running; it then decides no better than chance.</summary>
    /// <value>false: refuses, naming both.</value>
    public bool AllowMismatch { get; init; }
}
