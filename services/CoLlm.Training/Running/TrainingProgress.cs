namespace CoLlm.Training.Running;

/// <summary>How a training run stands after a step.</summary>
/// <param name="Stage">What is being trained, for people.</param>
/// <param name="Step">Steps done.</param>
/// <param name="TotalSteps">Steps of the whole run.</param>
/// <param name="Loss">Mean loss over the step's targets.</param>
/// <param name="BaseLoss">Mean cross entropy of the base alone.</param>
/// <param name="DeferralRate">Share of the targets at which the head's probability of deferring exceeds one half.</param>
/// <param name="MeanDeferralProbability">Mean probability of deferring.</param>
/// <param name="GradientNorm">Length of the gradient before clipping.</param>
/// <param name="LearningRate">Rate of the step.</param>
/// <param name="TokensPerSecond">Token rows per second since this run (or its continuation) began.</param>
/// <param name="Remaining">Time left at that speed.</param>
public sealed record TrainingProgress(
    string Stage,
    int Step,
    int TotalSteps,
    double Loss,
    double BaseLoss,
    double DeferralRate,
    double MeanDeferralProbability,
    double GradientNorm,
    double LearningRate,
    double TokensPerSecond,
    TimeSpan Remaining);
