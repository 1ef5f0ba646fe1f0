using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.Protocol.V1;

namespace CoLlm.EndToEnd.Tests.Laws;

/// <summary>At its ends the threshold leaves one model alone.</summary>
[Collection<SharedServicesCollection>]
public sealed class ThresholdLawTests(SharedServices services)
{
    public static TheoryData<string, float> Prompts => new() { { "short", 0f }, { "text", 0f }, { "short", 0.9f }, { "text", 0.9f } };

    [Theory]
    [MemberData(nameof(Prompts))]
    public async Task Generate_ThresholdOne_EqualsBaseAlone(string prompt, float temperature)
    {
        Scenario scenario = new() { Prompt = prompt, Temperature = temperature, Seed = 5, Threshold = 1f };
        Answered deferring = await services.WithFirst.GenerateAsync(scenario.ToMessage());
        Answered alone = await services.WithFirst.GenerateAsync((scenario with { Mode = CollaborationMode.BaseOnly }).ToMessage());

        Assert.Equal(alone.TokenIds, deferring.TokenIds);
        Assert.All(deferring.Tokens, token => Assert.Equal(Origin.Base, token.Origin));
        Assert.All(deferring.Summary!.Experts, expert => Assert.Equal((0, 0L), (expert.CallCount, expert.BytesUp)));
    }

    [Theory]
    [MemberData(nameof(Prompts))]
    public async Task Generate_ThresholdBelowZero_EqualsExpertAlone(string prompt, float temperature)
    {
        Scenario scenario = new() { Prompt = prompt, Temperature = temperature, Seed = 5, Threshold = -0.5f };
        Answered deferring = await services.WithFirst.GenerateAsync(scenario.ToMessage());
        Answered alone = await services.WithFirst.GenerateAsync((scenario with { Mode = CollaborationMode.ExpertOnly }).ToMessage());

        Assert.Equal(alone.TokenIds, deferring.TokenIds);
        Assert.All(deferring.Tokens, token => Assert.Equal(Origin.Expert, token.Origin));
        Assert.Equal(1f, deferring.Summary!.RealisedDeferralRate);
    }
}
