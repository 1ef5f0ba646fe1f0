namespace CoLlm.Evaluation;

/// <summary>Something outside is wrong with an evaluation; the message is one sentence that names what and where.</summary>
public sealed class EvaluationException(string message, Exception? inner = null) : Exception(message, inner);
