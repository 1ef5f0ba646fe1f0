namespace CoLlm.Evaluation.Running;

/// <summary>How far an evaluation is.</summary>
/// <param name="System">Name of the system that answers.</param>
/// <param name="SystemIndex">From 0.</param>
/// <param name="SystemCount">All that will run.</param>
/// <param name="ItemsDone">Items that this system has answered.</param>
/// <param name="ItemCount">All items.</param>
public readonly record struct EvaluationProgress(string System, int SystemIndex, int SystemCount, int ItemsDone, int ItemCount);
