namespace CoLlm.Decoding.Tests.Scripted;

/// <summary>A client that keeps every token it is sent, and may act on each.</summary>
internal sealed class CollectingSink : ITokenSink
{
    public List<TokenEvent> Tokens { get; } = [];

    public Action<TokenEvent> OnToken { get; init; } = _ => { };

    public int[] TokenIds => [.. Tokens.Select(token => token.TokenId)];

    public string Text => string.Concat(Tokens.Select(token => token.Text));

    public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Tokens.Add(token);
        OnToken(token);
        return default;
    }
}
