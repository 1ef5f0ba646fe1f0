using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace CoLlm.Inference.KvCache;

/// <summary>
/// Names the content of a full KV block: a SHA-256 chained over all tokens from the session's start to the block's end. Equal keys
/// therefore mean equal prefixes; nobody can craft a prompt that takes another one's keys and values.
/// </summary>
internal readonly record struct KvBlockKey(ulong A, ulong B, ulong C, ulong D)
{
    /// <summary>The key before the first block.</summary>
    public static KvBlockKey Root => default;

    /// <summary>The key of the block that holds these tokens and follows this one.</summary>
    public KvBlockKey Next(ReadOnlySpan<int> tokens)
    {
        KvBlockKey parent = this;
        ReadOnlySpan<byte> parentBytes = MemoryMarshal.AsBytes(new ReadOnlySpan<KvBlockKey>(in parent));
        ReadOnlySpan<byte> tokenBytes = MemoryMarshal.AsBytes(tokens);
        Span<byte> input = stackalloc byte[parentBytes.Length + tokenBytes.Length];
        parentBytes.CopyTo(input);
        tokenBytes.CopyTo(input[parentBytes.Length..]);
        KvBlockKey next = default;
        SHA256.HashData(input, MemoryMarshal.AsBytes(new Span<KvBlockKey>(ref next)));
        return next;
    }

    public override int GetHashCode() => A.GetHashCode();
}
