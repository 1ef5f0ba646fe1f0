using System.Collections.Frozen;
using CoLlm.Protocol.V1;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace CoLlm.Protocol;

/// <summary>
/// What every <see cref="FailureReason"/> is called in statuses, logs and metrics, which gRPC status it travels as, and whether
/// repeating the request later may help.
/// </summary>
public static class FailureReasons
{
    /// <summary>Trailer that names the reason of a call that ended with an error.</summary>
    public const string ReasonTrailer = "collm-failure-reason";

    /// <summary>Trailer with the milliseconds after which repeating may help; absent where waiting does not.</summary>
    public const string RetryAfterTrailer = "collm-retry-after-ms";

    private const string Prefix = "FAILURE_REASON_";

    private static readonly FrozenDictionary<FailureReason, string> Names = TokensReflection.Descriptor
        .FindTypeByName<EnumDescriptor>(nameof(FailureReason)).Values
        .ToFrozenDictionary(value => (FailureReason)value.Number, value => value.Name[Prefix.Length..].ToLowerInvariant());

    private static readonly FrozenDictionary<string, FailureReason> Reasons =
        Names.ToFrozenDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>Lower-case name, such as <c>prefix_mismatch</c>; <c>unspecified</c> for values of a newer peer.</summary>
    public static string Name(this FailureReason reason) => Names.TryGetValue(reason, out string? name) ? name : Names[FailureReason.Unspecified];

    /// <summary>The reason of that name; unspecified for names of a newer peer.</summary>
    public static FailureReason Parse(string name) => Reasons.GetValueOrDefault(name);

    /// <summary>The gRPC status that a call ending for this reason has.</summary>
    public static StatusCode StatusCode(this FailureReason reason) => reason switch
    {
        FailureReason.InvalidParameter or FailureReason.PromptTooLong or FailureReason.OutputTooLong or FailureReason.MalformedMessage
            or FailureReason.AppendConflict or FailureReason.AppendGap or FailureReason.StaleEpoch or FailureReason.AskPastEnd
            or FailureReason.TooManyPositions or FailureReason.OutOfOrder => Grpc.Core.StatusCode.InvalidArgument,
        FailureReason.UnknownModel => Grpc.Core.StatusCode.NotFound,
        FailureReason.Unsupported => Grpc.Core.StatusCode.Unimplemented,
        FailureReason.ProtocolVersionMismatch or FailureReason.ModelMismatch or FailureReason.TokenizerMismatch
            or FailureReason.VocabularyMismatch or FailureReason.SwapHeadMismatch => Grpc.Core.StatusCode.FailedPrecondition,
        FailureReason.MessageTooLarge or FailureReason.TooManyRequests or FailureReason.TooManySessions
            or FailureReason.KvPoolExhausted or FailureReason.Overloaded or FailureReason.CreditExceeded
            => Grpc.Core.StatusCode.ResourceExhausted,
        FailureReason.Draining or FailureReason.Evicted or FailureReason.ExpertUnavailable => Grpc.Core.StatusCode.Unavailable,
        FailureReason.DeadlineExceeded => Grpc.Core.StatusCode.DeadlineExceeded,
        FailureReason.Cancelled => Grpc.Core.StatusCode.Cancelled,
        FailureReason.PrefixMismatch => Grpc.Core.StatusCode.DataLoss,
        FailureReason.NonFiniteLogits or FailureReason.Internal => Grpc.Core.StatusCode.Internal,
        _ => Grpc.Core.StatusCode.Unknown,
    };

    /// <summary>True where the same request may succeed later, or on another replica.</summary>
    public static bool IsTransient(this FailureReason reason) => reason is FailureReason.TooManyRequests or FailureReason.TooManySessions
        or FailureReason.KvPoolExhausted or FailureReason.Overloaded or FailureReason.Draining or FailureReason.Evicted
        or FailureReason.ExpertUnavailable or FailureReason.DeadlineExceeded or FailureReason.PrefixMismatch;
}
