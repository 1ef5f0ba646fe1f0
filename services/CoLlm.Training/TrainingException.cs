namespace CoLlm.Training;

/// <summary>Training cannot go on for a reason outside the program: a file, a setting or a model; the message is one sentence for the user.</summary>
public sealed class TrainingException(string message, Exception? inner = null) : Exception(message, inner);
