namespace CoLlm.Inference.Checkpoints;

/// <summary>A file of a model directory cannot be used; the message is one sentence that names the file and the place in it.</summary>
public sealed class CheckpointException(string message, Exception? inner = null) : Exception(message, inner);
