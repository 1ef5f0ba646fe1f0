using System.Diagnostics;

namespace CoLlm.Inference;

/// <summary>What a session has cost since it was opened.</summary>
/// <param name="StepCount">Forward passes that computed tokens of it.</param>
/// <param name="ComputedTokenCount">Tokens they computed, those computed again included.</param>
/// <param name="LastStepBegan">When the newest of them began, on the clock of <see cref="Stopwatch.GetTimestamp"/>.</param>
/// <param name="LastStepTime">How long it took.</param>
public readonly record struct SessionWork(int StepCount, long ComputedTokenCount, long LastStepBegan, TimeSpan LastStepTime);
