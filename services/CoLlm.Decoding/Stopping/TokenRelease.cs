namespace CoLlm.Decoding.Stopping;

/// <summary>
/// Hands tokens to the client in order, holding back those whose text may turn out to begin a stop string, so that each
/// character reaches the client with the token that wrote it or not at all. Holds at most the answer's own tokens.
/// </summary>
internal sealed class TokenRelease(ITokenText text, IReadOnlyList<string> stopStrings, ITokenSink sink)
{
    private readonly List<TokenEvent> _held = [];
    private string _heldText = "";

    /// <summary>The stop string that ended the text, once there is one.</summary>
    public string? StopString { get; private set; }

    /// <summary>Takes the next token.</summary>
    /// <param name="token">Without its text.</param>
    /// <param name="isText">False: its text is no part of the answer, as with end-of-sequence tokens.</param>
    /// <param name="isLast">True: nothing follows, so nothing stays held.</param>
    /// <param name="cancellationToken">Ends the wait for the client.</param>
    public ValueTask AddAsync(TokenEvent token, bool isText, bool isLast, CancellationToken cancellationToken)
    {
        string added = isText ? text.Append(token.TokenId) : "";
        if (isLast)
            added += text.Flush();
        if (stopStrings.Count == 0 && _held.Count == 0 && (added.Length > 0 || isLast))
            return sink.EmitAsync(token with { Text = added }, cancellationToken);

        _held.Add(token with { Text = added });
        _heldText += added;
        Match();
        return isLast || StopString is not null
            ? ReleaseAllAsync(cancellationToken)
            : ReleaseSafeAsync(StopStringScanner.SafeLength(_heldText, stopStrings), cancellationToken);
    }

    /// <summary>Lets go of everything held: no more tokens come.</summary>
    public async ValueTask ReleaseAllAsync(CancellationToken cancellationToken)
    {
        foreach (TokenEvent token in _held)
            await sink.EmitAsync(token, cancellationToken);
        _held.Clear();
        _heldText = "";
    }

    /// <summary>Where a stop string appears, takes it and what follows away from the tokens that wrote it.</summary>
    private void Match()
    {
        int stop = StopStringScanner.Find(_heldText, stopStrings, out string? found);
        if (stop < 0)
            return;
        StopString = found;
        _heldText = _heldText[..stop];
        int start = 0;
        for (int i = 0; i < _held.Count; i++)
        {
            string tokenText = _held[i].Text;
            int kept = Math.Clamp(stop - start, 0, tokenText.Length);
            start += tokenText.Length;
            _held[i] = _held[i] with { Text = tokenText[..kept] };
        }
    }

    /// <summary>
    /// Lets go of the tokens whose text is safe. Tokens without text stay until text follows: they may be bytes of its first character.
    /// </summary>
    private async ValueTask ReleaseSafeAsync(int safeLength, CancellationToken cancellationToken)
    {
        int released = 0;
        int releasedLength = 0;
        int length = 0;
        for (int i = 0; i < _held.Count && (length += _held[i].Text.Length) <= safeLength; i++)
        {
            if (_held[i].Text.Length > 0)
                (released, releasedLength) = (i + 1, length);
        }

        _heldText = _heldText[releasedLength..];
        for (int i = 0; i < released; i++)
            await sink.EmitAsync(_held[i], cancellationToken);
        _held.RemoveRange(0, released);
    }
}
