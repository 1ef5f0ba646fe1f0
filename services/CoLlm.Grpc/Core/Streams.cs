namespace Grpc.Core;

/// <summary>Reads the messages of a stream, one at a time.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that the last <see cref="MoveNext"/> found.</summary>
    T Current { get; }

    /// <summary>Waits for the next message; false when the other side has sent its last. One call at a time.</summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}

/// <summary>Writes the messages of a stream, one at a time.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>Options for the messages from now on, or null.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message; done when the transport has taken it. One call at a time.</summary>
    Task WriteAsync(T message);

    /// <summary>As above, giving up when cancelled.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
            throw new NotSupportedException("This stream writer cannot cancel a write.");

        return WriteAsync(message);
    }
}

/// <summary>The client's end of a request stream.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Tells the server that no message follows.</summary>
    Task CompleteAsync();
}

/// <summary>The server's end of a response stream.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>
{
}
