using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.Protocol.V1;

namespace CoLlm.EndToEnd.Tests.Laws;

/// <summary>An answer depends on its request alone: not on when it is asked for, nor on who else asks.</summary>
[Collection<SharedServicesCollection>]
public sealed class ConcurrencyLawTests(SharedServices services)
{
    private const int RequestCount = 16;

    [Fact]
    public async Task Generate_BesideOtherRequests_GivesTheSameTokens()
    {
        Scenario[] scenarios = [.. Enumerable.Range(0, RequestCount).Select(i => Scenario.Any((CollaborationMode)(1 + (i % 4)), 200 + i))];
        List<IReadOnlyList<TokenRow>> alone = [];
        foreach (Scenario scenario in scenarios)
            alone.Add(TokenRow.Of((await services.WithBoth.GenerateAsync(scenario.ToMessage())).Tokens));

        Answered[] together = await Task.WhenAll(scenarios.Select(scenario => services.WithBoth.GenerateAsync(scenario.ToMessage())));

        Assert.Equal(alone, together.Select(answer => TokenRow.Of(answer.Tokens)));
        Assert.All(together, answer => Assert.Equal(FinishReason.MaxTokens, answer.Summary!.FinishReason));
    }

    [Theory]
    [InlineData(CollaborationMode.Defer)]
    [InlineData(CollaborationMode.Compose)]
    public async Task Generate_SameSeed_GivesTheSameTokens(CollaborationMode mode)
    {
        Scenario scenario = new() { Mode = mode, Threshold = 0.4f, Temperature = 1.2f, Seed = 77 };
        Answered first = await services.WithBoth.GenerateAsync(scenario.ToMessage());
        Answered again = await services.WithBoth.GenerateAsync(scenario.ToMessage());
        Answered other = await services.WithBoth.GenerateAsync((scenario with { Seed = 78 }).ToMessage());

        Assert.Equal(TokenRow.Of(first.Tokens), TokenRow.Of(again.Tokens));
        Assert.NotEqual(first.TokenIds, other.TokenIds);
    }
}
