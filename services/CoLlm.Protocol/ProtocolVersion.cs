namespace CoLlm.Protocol;

/// <summary>Versions of the expert session protocol that this build speaks.</summary>
public static class ProtocolVersion
{
    public const int Oldest = 1;
    public const int Newest = 1;

    /// <summary>The version both sides speak: the lower of the two newest ones, or null where that is too old for this side.</summary>
    public static int? Negotiate(int peerNewest) => Math.Min(peerNewest, Newest) is var common && common >= Oldest ? common : null;
}
