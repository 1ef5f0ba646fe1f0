namespace CoLlm.Training.Pipeline;

/// <summary>How the head's start went.</summary>
/// <param name="PositionCount">Positions it was fitted on.</param>
/// <param name="FinalLoss">Weighted binary cross entropy of the last step.</param>
/// <param name="Roc">Per expert, against the pseudo-labels; null where all labels are equal.</param>
public sealed record HeadFitReport(int PositionCount, double FinalLoss, IReadOnlyList<RocCurve?> Roc);
