namespace CoLlm.Inference.Tokenization.Decoding;

/// <summary>What each token id contributes to decoded text, packed into one block. Built once per tokenizer.</summary>
internal sealed class TokenBytes
{
    private readonly int[] _ends;
    private readonly byte[] _bytes;
    private readonly TokenKind[] _kinds;

    /// <param name="tokens">Kind and bytes of ids 0, 1, 2, ...</param>
    public TokenBytes(IReadOnlyList<(TokenKind Kind, byte[] Bytes)> tokens)
    {
        _ends = new int[tokens.Count];
        _kinds = new TokenKind[tokens.Count];
        _bytes = new byte[tokens.Sum(token => (long)token.Bytes.Length)];
        int end = 0;
        for (int id = 0; id < tokens.Count; id++)
        {
            tokens[id].Bytes.CopyTo(_bytes, end);
            _ends[id] = end += tokens[id].Bytes.Length;
            _kinds[id] = tokens[id].Kind;
        }
    }

    public int Count => _ends.Length;

    public TokenKind KindOf(int id) => _kinds[id];

    public ReadOnlySpan<byte> BytesOf(int id)
    {
        int start = id == 0 ? 0 : _ends[id - 1];
        return _bytes.AsSpan(start, _ends[id] - start);
    }
}

/// <summary>How a token takes part in decoding.</summary>
[Flags]
internal enum TokenKind : byte
{
    /// <summary>No token has this id.</summary>
    None = 0,

    Text = 1,

    /// <summary>A single byte of a character that has no piece.</summary>
    Byte = 2,

    /// <summary>Left out where special tokens are skipped.</summary>
    Special = 4,

    /// <summary>Its piece begins with the mark that stands for a space.</summary>
    OpensWithMark = 8,
}
