namespace Grpc.Core;

/// <summary>A call ended with a status other than OK, or shall end with one when a server method throws it.</summary>
public class RpcException : Exception
{
    public RpcException(Status status)
        : this(status, [], status.ToString())
    {
    }

    public RpcException(Status status, string message)
        : this(status, [], message)
    {
    }

    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        Status = status;
        Trailers = trailers ?? throw new ArgumentNullException(nameof(trailers));
    }

    /// <summary>How the call ended.</summary>
    public Status Status { get; }

    /// <summary>The code of <see cref="Status"/>.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>The trailers that came, or shall go, with the status.</summary>
    public Metadata Trailers { get; }
}
