using CoLlm.Decoding;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.Protocol.V1;

namespace CoLlm.EndToEnd.Tests.Laws;

/// <summary>Two services write what the same models write in one process: every token with its text, origin and probabilities, bit for bit.</summary>
[Collection<SharedServicesCollection>]
public sealed class OneProcessLawTests(SharedServices services)
{
    private const int SeedsPerMode = 3;

    public static TheoryData<CollaborationMode, int> Cases
    {
        get
        {
            TheoryData<CollaborationMode, int> cases = [];
            for (CollaborationMode mode = CollaborationMode.Defer; mode <= CollaborationMode.ExpertOnly; mode++)
            {
                for (int seed = 1; seed <= SeedsPerMode; seed++)
                    cases.Add(mode, seed);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Generate_OneExpert_EqualsOneProcess(CollaborationMode mode, int seed) =>
        AssertEqualAsync(Scenario.Any(mode, seed), SharedServices.First);

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Generate_TwoExperts_EqualsOneProcess(CollaborationMode mode, int seed) =>
        AssertEqualAsync(Scenario.Any(mode, 100 + seed), SharedServices.First, SharedServices.Second);

    [Fact]
    public async Task Generate_TwoExpertsDeferring_GivesBothWork()
    {
        Answered answer = await services.WithBoth.GenerateAsync(new Scenario { Threshold = 0.4f, Prompt = "short", MaxNewTokens = 64 }.ToMessage());
        Assert.All(answer.Summary!.Experts, expert => Assert.InRange(expert.TokenCount, 1, 63));
    }

    private async Task AssertEqualAsync(Scenario scenario, params string[] experts)
    {
        (IReadOnlyList<TokenRow> tokens, DecodingSummary summary) = await services.Local.DecodeAsync(scenario, experts);
        Answered answer = await services.With(experts).GenerateAsync(scenario.ToMessage());

        Assert.Equal(tokens, TokenRow.Of(answer.Tokens));
        Assert.Equal(summary.FinishReason.ToString(), answer.Summary!.FinishReason.ToString());
        Assert.Equal((summary.BaseStepCount, summary.BaseComputedTokenCount), (answer.Summary.BaseStepCount, answer.Summary.BaseComputedTokenCount));
        Assert.All(answer.Summary.Experts.Index(), usage => Assert.Equal(summary.Experts[usage.Index].CallCount, usage.Item.CallCount));
    }
}
