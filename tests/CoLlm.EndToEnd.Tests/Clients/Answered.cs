using CoLlm.Protocol.V1;

namespace CoLlm.EndToEnd.Tests.Clients;

/// <summary>Everything one Generate call brought.</summary>
internal sealed class Answered
{
    public Started? Started { get; private set; }

    public List<TokenEvent> Tokens { get; } = [];

    public Summary? Summary { get; private set; }

    public int[] TokenIds => [.. Tokens.Select(token => token.TokenId)];

    public void Add(GenerateResponse response)
    {
        Started ??= response.Started;
        Summary ??= response.Summary;
        if (response.Token is { } token)
            Tokens.Add(token);
    }
}
