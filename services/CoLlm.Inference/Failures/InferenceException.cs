namespace CoLlm.Inference.Failures;

/// <summary>The engine could not do what was asked; the message is one sentence for the caller.</summary>
public abstract class InferenceException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A request that can never work: ids outside the vocabulary, positions outside the session.</summary>
public sealed class InvalidRequestException(string message) : InferenceException(message);

/// <summary>A session that is lost, and why; the engine and its other sessions go on.</summary>
public sealed class SessionFailedException(SessionFailure failure, string message, Exception? inner = null) : InferenceException(message, inner)
{
    public SessionFailure Failure { get; } = failure;
}

/// <summary>Why a session was lost.</summary>
public enum SessionFailure
{
    /// <summary>Its logits were NaN or infinite.</summary>
    NonFiniteActivation,

    /// <summary>The backend threw while this session's rows were in its step.</summary>
    BackendFault,

    /// <summary>The engine was stopped.</summary>
    EngineStopped,
}
