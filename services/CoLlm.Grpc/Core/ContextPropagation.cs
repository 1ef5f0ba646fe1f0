namespace Grpc.Core;

/// <summary>Carries a server call's deadline and cancellation to the calls made in its course.</summary>
public abstract class ContextPropagationToken
{
    internal ContextPropagationToken()
    {
    }
}

/// <summary>What of a server call is carried to the calls made in its course.</summary>
public class ContextPropagationOptions
{
    /// <summary>Deadline and cancellation.</summary>
    public static readonly ContextPropagationOptions Default = new();

    public ContextPropagationOptions(bool propagateDeadline = true, bool propagateCancellation = true)
    {
        IsPropagateDeadline = propagateDeadline;
        IsPropagateCancellation = propagateCancellation;
    }

    /// <summary>Whether the deadline is carried.</summary>
    public bool IsPropagateDeadline { get; }

    /// <summary>Whether cancellation is carried.</summary>
    public bool IsPropagateCancellation { get; }
}
