namespace Grpc.Core;

/// <summary>What a caller wants of one call; a value, changed by copying.</summary>
public struct CallOptions
{
#pragma warning disable CA1068 // The order of the parameters is part of the API.
    public CallOptions(
        Metadata? headers = null,
        DateTime? deadline = null,
        CancellationToken cancellationToken = default,
        WriteOptions? writeOptions = null,
        ContextPropagationToken? propagationToken = null,
        CallCredentials? credentials = null)
#pragma warning restore CA1068
    {
        Headers = headers;
        Deadline = deadline;
        CancellationToken = cancellationToken;
        WriteOptions = writeOptions;
        PropagationToken = propagationToken;
        Credentials = credentials;
        IsWaitForReady = false;
    }

    /// <summary>Headers to send, or null.</summary>
    public Metadata? Headers { readonly get; private set; }

    /// <summary>When the call ends at the latest (UTC), or null.</summary>
    public DateTime? Deadline { readonly get; private set; }

    /// <summary>Gives the call up when cancelled.</summary>
    public CancellationToken CancellationToken { readonly get; private set; }

    /// <summary>Options for the messages sent, or null.</summary>
    public WriteOptions? WriteOptions { readonly get; private set; }

    /// <summary>The context of the server call in whose course this call is made, or null.</summary>
    public ContextPropagationToken? PropagationToken { readonly get; private set; }

    /// <summary>Credentials of this call alone, or null.</summary>
    public CallCredentials? Credentials { readonly get; private set; }

    /// <summary>Whether the call waits for a connection instead of failing without one.</summary>
    public bool IsWaitForReady { readonly get; private set; }

    public readonly CallOptions WithHeaders(Metadata headers) => this with { Headers = headers };

    public readonly CallOptions WithDeadline(DateTime deadline) => this with { Deadline = deadline };

    public readonly CallOptions WithCancellationToken(CancellationToken cancellationToken) =>
        this with { CancellationToken = cancellationToken };

    public readonly CallOptions WithWriteOptions(WriteOptions writeOptions) => this with { WriteOptions = writeOptions };

    public readonly CallOptions WithPropagationToken(ContextPropagationToken propagationToken) =>
        this with { PropagationToken = propagationToken };

    public readonly CallOptions WithCredentials(CallCredentials credentials) => this with { Credentials = credentials };

    public readonly CallOptions WithWaitForReady(bool waitForReady = true) => this with { IsWaitForReady = waitForReady };
}
