using CoLlm.Decoding;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.EndToEnd.Tests.InProcess;

/// <summary>A token with all that is said of it, in a form that both ways of decoding can be compared in, floats bit for bit.</summary>
internal sealed record TokenRow(
    int TokenId, string Text, int Position, string Origin, int ExpertIndex, float? DeferralProbability, float LogProbability, string Reason,
    bool IsContested, bool IsFallback)
{
    public static TokenRow Of(TokenEvent token) => new(
        token.TokenId, token.Text, token.Position, token.Origin.ToString(), token.ExpertIndex, token.DeferralProbability, token.LogProbability,
        token.Reason.ToString(), token.IsContested, token.IsFallback);

    public static TokenRow Of(V1.TokenEvent token) => new(
        token.TokenId, token.Text, token.Position, token.Origin.ToString(), token.ExpertIndex,
        token.HasDeferralProbability ? token.DeferralProbability : null, token.LogProbability, token.Reason.ToString(), token.IsContested,
        token.IsFallback);

    public static IReadOnlyList<TokenRow> Of(IEnumerable<V1.TokenEvent> tokens) => [.. tokens.Select(Of)];
}
