namespace CoLlm.Decoding;

/// <summary>
/// The agreed tokens of one request, prompt and answer: the only source of truth, which every model's cache follows. Grows by
/// commits of the decoder alone, up to a size fixed at the start.
/// </summary>
public sealed class TokenHistory
{
    private readonly int[] _tokenIds;

    public TokenHistory(ReadOnlySpan<int> prompt, int maxNewTokens)
    {
        _tokenIds = new int[checked(prompt.Length + maxNewTokens)];
        prompt.CopyTo(_tokenIds);
        PromptLength = Length = prompt.Length;
    }

    public int PromptLength { get; }

    /// <summary>Tokens so far, which is the position of the next one.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<int> TokenIds => _tokenIds.AsSpan(0, Length);

    /// <summary>The tokens at a position and after; stays valid, since committed tokens never change.</summary>
    public ReadOnlyMemory<int> From(int position) => _tokenIds.AsMemory(position, Length - position);

    internal void Commit(int tokenId) => _tokenIds[Length++] = tokenId;
}
