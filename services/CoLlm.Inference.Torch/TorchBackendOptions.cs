namespace CoLlm.Inference.Torch;

/// <summary>The number format of weights on the device, activations, keys and values.</summary>
public enum ComputeFormat
{
    /// <summary>As the checkpoint stores its projections.</summary>
    AsStored,

    Float32,

    Float16,

    BFloat16,
}

/// <summary>Settings of a <see cref="TorchBackend"/>.</summary>
public sealed record TorchBackendOptions
{
    /// <summary><c>cuda:N</c>, <c>cuda</c> (the first), or <c>torch:cpu</c>.</summary>
    /// <value>cuda:0</value>
    public string Device { get; init; } = "cuda:0";

    /// <value>AsStored</value>
    public ComputeFormat ComputeFormat { get; init; }
}
