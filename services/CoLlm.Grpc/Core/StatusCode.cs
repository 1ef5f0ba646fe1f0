namespace Grpc.Core;

/// <summary>Outcome of a call, numbered as on the wire.</summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    OK = 0,

    /// <summary>The caller gave the call up.</summary>
    Cancelled = 1,

    /// <summary>An error that no other code describes.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the call was done; its effects may still have happened.</summary>
    DeadlineExceeded = 4,

    /// <summary>Something named in the request does not exist.</summary>
    NotFound = 5,

    /// <summary>Something the request wants to create exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A bound was reached.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is in a state in which the call makes no sense.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict with another caller; starting over may help.</summary>
    Aborted = 10,

    /// <summary>A position outside what exists.</summary>
    OutOfRange = 11,

    /// <summary>The server has no such method.</summary>
    Unimplemented = 12,

    /// <summary>An invariant broke, or a peer broke the protocol.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached or does not take calls; trying again may help.</summary>
    Unavailable = 14,

    /// <summary>Data is lost or damaged beyond repair.</summary>
    DataLoss = 15,

    /// <summary>The caller is not known.</summary>
    Unauthenticated = 16,
}
