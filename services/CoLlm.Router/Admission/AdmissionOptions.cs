using System.ComponentModel.DataAnnotations;

namespace CoLlm.Router.Admission;

/// <summary>How many requests are let in, and how long others wait.</summary>
public sealed record AdmissionOptions
{
    /// <summary>Requests that are worked on at the same time.</summary>
    /// <value>64.</value>
    [Range(1, 65536)]
    public int MaxConcurrentRequests { get; init; } = 64;

    /// <summary>Requests that may wait for one of these to end; 0 refuses at once.</summary>
    /// <value>64.</value>
    [Range(0, 65536)]
    public int MaxQueuedRequests { get; init; } = 64;

    /// <summary>How long a request waits for its turn and for room in the KV cache, before it is refused.</summary>
    /// <value>10 seconds; 0 refuses at once what does not fit now.</value>
    public TimeSpan MaxQueueTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a client may leave a token untaken before its answer is given up: it would keep its place for as long. HTTP/2 lets a client
    /// take many kilobytes at once and then none for a while, so one that reads slowly needs minutes.
    /// </summary>
    /// <value>5 minutes.</value>
    public TimeSpan MaxUnreadTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Largest request message.</summary>
    /// <value>4 MiB.</value>
    [Range(1024, 1 << 30)]
    public int MaxMessageBytes { get; init; } = 4 << 20;

    /// <summary>Calls that one client connection may have open.</summary>
    /// <value>256.</value>
    [Range(1, 65536)]
    public int MaxStreamsPerConnection { get; init; } = 256;
}
