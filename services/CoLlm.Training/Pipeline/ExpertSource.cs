namespace CoLlm.Training.Pipeline;

/// <summary>An expert that the swap head learns to defer to.</summary>
/// <param name="Name">As requests will call it.</param>
/// <param name="Directory">Its model directory.</param>
public sealed record ExpertSource(string Name, string Directory);
