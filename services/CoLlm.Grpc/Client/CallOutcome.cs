using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>How a call ended: the status, the trailers, and whether this side ended it.</summary>
internal sealed class CallOutcome(Status status, Metadata trailers, bool isLocalCancellation = false)
{
    public Status Status { get; } = status;

    public Metadata Trailers { get; } = trailers;

    /// <summary>Whether the caller, the deadline or the channel's end stopped the call.</summary>
    public bool IsLocalCancellation { get; } = isLocalCancellation;

    /// <summary>The exception that everything waiting for the call fails with.</summary>
    public Exception ToException(bool asOperationCanceled)
    {
        RpcException exception = new(Status, Trailers);
        return asOperationCanceled && IsLocalCancellation ? new OperationCanceledException(Status.Detail, exception) : exception;
    }
}
