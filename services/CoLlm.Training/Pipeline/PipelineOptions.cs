using CoLlm.Training.Output;
using CoLlm.Training.Running;

namespace CoLlm.Training.Pipeline;

/// <summary>What the run minimises.</summary>
public enum TrainingObjective
{
    /// <summary>The marginal likelihood over who writes each token; trains base and swap head.</summary>
    Collm,

    /// <summary>Plain next-token cross entropy; no expert, no swap head.</summary>
    Lm,
}

/// <summary>Which positions the swap head is first taught to defer at.</summary>
public enum LabelVariant
{
    /// <summary>Where the expert's choice is right and the base's is wrong.</summary>
    ExpertRightBaseWrong,

    /// <summary>Where the base's choice is wrong.</summary>
    BaseWrong,
}

/// <summary>Everything that decides what a training pipeline does.</summary>
public sealed record PipelineOptions
{
    /// <summary>Directory of the model to train.</summary>
    public required string Model { get; init; }

    /// <summary>Training examples, JSON lines.</summary>
    public required string Data { get; init; }

    /// <summary>Where stages and checkpoints lie; a run is continued from here.</summary>
    public required string Work { get; init; }

    /// <summary>Directory that the trained model is written to.</summary>
    public required string Output { get; init; }

    /// <summary>Examples with answers on which thresholds are calibrated; null leaves the head uncalibrated.</summary>
    public string? Validation { get; init; }

    /// <value>Collm.</value>
    public TrainingObjective Objective { get; init; }

    /// <summary>Random weights instead of the model directory's: only its <c>config.json</c> and tokenizer are read.</summary>
    public bool FromScratch { get; init; }

    /// <summary>With random weights: two attention heads know roughly how to copy from the start, so that the model learns it much sooner.</summary>
    public bool SeedsCopying { get; init; }

    /// <summary>In the order of the swap head's rows.</summary>
    public IReadOnlyList<ExpertSource> Experts { get; init; } = [];

    /// <summary>Longer examples are cut off here.</summary>
    /// <value>1024</value>
    public int MaxSequenceTokens { get; init; } = 1024;

    /// <value>Where the expert is right and the base wrong.</value>
    public LabelVariant Labels { get; init; }

    public HeadFitOptions HeadFit { get; init; } = new();

    public TrainingOptions Training { get; init; } = new();

    /// <value>32-bit floats.</value>
    public SavedFormat Format { get; init; }

    /// <summary>When an answer counts as right during calibration.</summary>
    /// <value>Exact.</value>
    public CalibrationMetric Metric { get; init; }

    /// <summary>Most tokens of an answer during calibration.</summary>
    /// <value>256</value>
    public int MaxAnswerTokens { get; init; } = 256;

    /// <summary>Most validation questions that thresholds are calibrated on, evenly spaced; each is answered at every point of the grid.</summary>
    /// <value>256</value>
    public int MaxCalibrationQuestions { get; init; } = 256;

    /// <exception cref="TrainingException">One sentence about the first setting that is wrong.</exception>
    public void Validate()
    {
        Training.Validate();
        HeadFit.Validate();
        if (MaxSequenceTokens is < 2 or > 1 << 18)
            throw new TrainingException("The longest sequence must have 2 to 262144 tokens.");
        if (MaxAnswerTokens is < 1 or > 1 << 16)
            throw new TrainingException("The longest answer must have 1 to 65536 tokens.");
        if (MaxCalibrationQuestions is < 1 or > 1 << 20)
            throw new TrainingException("Calibration needs 1 to 1048576 questions.");
        if (Objective == TrainingObjective.Collm && Experts.Count is < 1 or > Losses.MarginalLoss.MaxExperts)
            throw new TrainingException($"Learning to defer needs 1 to {Losses.MarginalLoss.MaxExperts} experts; name them, or choose the objective lm.");
        if (Objective == TrainingObjective.Lm && Experts.Count > 0)
            throw new TrainingException("The objective lm has no use for experts; leave them out, or choose the objective collm.");
        if (Experts.Select(expert => expert.Name).Distinct(StringComparer.Ordinal).Count() != Experts.Count)
            throw new TrainingException("Two experts have the same name.");
        if (!Experts.All(expert => expert.Name is { Length: > 0 and <= 64 } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')))
            throw new TrainingException("An expert's name has 1 to 64 letters, digits, '-', '_' or '.'.");
        if (Experts.Select(expert => expert.FindProblem()).FirstOrDefault(problem => problem is not null) is { } problem)
            throw new TrainingException(problem);
    }
}
