using System.Text.Json.Serialization;
using CoLlm.Training.Optimization;

namespace CoLlm.Training.Running;

/// <summary>What is learned.</summary>
public enum TrainingScope
{
    /// <summary>Every weight of the model, and the swap head where there is one.</summary>
    Full,

    /// <summary>Low-rank additions to the projections, merged at the end, and the swap head.</summary>
    Lora,

    /// <summary>The swap head alone.</summary>
    HeadOnly,
}

/// <summary>Number format of a device's products and activations.</summary>
public enum DevicePrecision
{
    Bfloat16,

    Float32,
}

/// <summary>Settings of one training run; the defaults are those of the published method.</summary>
public sealed record TrainingOptions
{
    /// <value>Full.</value>
    public TrainingScope Scope { get; init; }

    /// <summary>Peak learning rate.</summary>
    /// <value>2e-5</value>
    public double LearningRate { get; init; } = 2e-5;

    /// <summary>Share of the steps over which the rate rises from zero; it falls linearly to zero afterwards.</summary>
    /// <value>0.04</value>
    public double WarmupShare { get; init; } = 0.04;

    /// <summary>Times every sequence is seen.</summary>
    /// <value>2</value>
    public int Epochs { get; init; } = 2;

    /// <summary>Sequences per optimizer step.</summary>
    /// <value>128</value>
    public int BatchSequences { get; init; } = 128;

    /// <summary>Token rows computed at once; larger batches are accumulated. Bounds the memory.</summary>
    /// <value>4096</value>
    public int MaxRowsPerPass { get; init; } = 4096;

    /// <summary>Longest Euclidean length of the gradient; longer ones are shortened to it. Zero switches clipping off.</summary>
    /// <value>1</value>
    public double ClipNorm { get; init; } = 1;

    public AdamWOptions Optimizer { get; init; } = new();

    /// <summary>The swap head learns so many times as fast as the base.</summary>
    /// <value>1</value>
    public double HeadRateFactor { get; init; } = 1;

    /// <value>8</value>
    public int LoraRank { get; init; } = 8;

    /// <summary>Adapters count <c>alpha / rank</c> times.</summary>
    /// <value>16</value>
    public double LoraAlpha { get; init; } = 16;

    /// <summary>Decides the order of sequences and all random starts.</summary>
    /// <value>0</value>
    public ulong Seed { get; init; }

    /// <summary>Steps between checkpoints; zero writes none.</summary>
    /// <value>50</value>
    public int CheckpointEverySteps { get; init; } = 50;

    /// <summary>In builds with <c>-p:Torch</c> a device of libtorch, such as <c>cuda:0</c>. Absent from files where it is not set.</summary>
    /// <value>null: the processor</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Device { get; init; }

    /// <summary>What a device other than the processor computes in; weights, gradients and moments are kept in single precision anyhow.</summary>
    /// <value>Bfloat16</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DevicePrecision DevicePrecision { get; init; }

    /// <summary>Compute threads; has no influence on the result.</summary>
    /// <value>The number of cores.</value>
    public int ThreadCount { get; init; } = Environment.ProcessorCount;

    /// <summary>Refuses settings that make no sense.</summary>
    /// <exception cref="TrainingException">Names the setting and its bounds.</exception>
    public void Validate()
    {
        Require(LearningRate is > 0 and <= 10, "The learning rate must be above 0 and at most 10.");
        Require(WarmupShare is >= 0 and <= 1, "The warm-up share must be from 0 to 1.");
        Require(Epochs is >= 1 and <= 100_000, "Epochs must be from 1 to 100000.");
        Require(BatchSequences is >= 1 and <= 1 << 20, "Sequences per batch must be from 1 to 1048576.");
        Require(MaxRowsPerPass is >= 1 and <= 1 << 18, "Rows per pass must be from 1 to 262144.");
        Require(ClipNorm >= 0 && double.IsFinite(ClipNorm), "The clipping length must be 0 (off) or a positive number.");
        Require(HeadRateFactor is > 0 and <= 1e6, "The head's rate factor must be above 0 and at most 1000000.");
        Require(Optimizer.Beta1 is >= 0 and < 1 && Optimizer.Beta2 is >= 0 and < 1, "AdamW's betas must be from 0 to below 1.");
        Require(Optimizer.Epsilon > 0 && Optimizer.WeightDecay is >= 0 and <= 1, "AdamW needs an epsilon above 0 and a weight decay from 0 to 1.");
        Require(LoraRank is >= 1 and <= 1024, "The LoRA rank must be from 1 to 1024.");
        Require(LoraAlpha > 0 && double.IsFinite(LoraAlpha), "LoRA alpha must be a positive number.");
        Require(CheckpointEverySteps >= 0, "Steps between checkpoints must be 0 (none) or more.");
        Require(ThreadCount is >= 1 and <= 256, "Threads must be from 1 to 256.");
    }

    private static void Require(bool holds, string sentence)
    {
        if (!holds)
            throw new TrainingException(sentence);
    }
}
