using CoLlm.Decoding;
using CoLlm.Router.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using DeferralReason = CoLlm.Decoding.Deferral.DeferralReason;

namespace CoLlm.Router.Tests.Telemetry;

/// <summary>What is recorded for every token and every question allocates nothing, also while OpenTelemetry listens.</summary>
public sealed class AllocationTests
{
    private const int Rounds = 8, TokensPerRound = 1000;

    [Fact]
    public async Task Record_TokensAndQuestions_AllocatesNothing()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options());
        RouterTelemetry telemetry = router.Application.Services.GetRequiredService<RouterTelemetry>();
        TokenTags expertTags = telemetry.Tokens.TagsOf("expert");
        TokenTags baseTags = telemetry.Tokens.TagsOfBase("base");
        ExpertMeasures expert = telemetry.Experts.For("expert");

        // The runtime may allocate on this thread for its own ends; not in every round.
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < TokensPerRound; i++)
            {
                telemetry.Tokens.Record(Token(i, TokenOrigin.Expert), i, expertTags);
                telemetry.Tokens.Record(Token(i, TokenOrigin.Base), i, baseTags);
                expert.CountCall(isAnswered: true);
                expert.RecordRoundTrip(TimeSpan.FromMilliseconds(i), TimeSpan.FromMilliseconds(1), i % 40);
                expert.AddCost(1, 40, 30, 1);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    private static TokenEvent Token(int position, TokenOrigin origin) => new()
    {
        TokenId = position,
        Position = position,
        Origin = origin,
        DeferralProbability = (position % 100) / 100f,
        LogProbability = -1,
        Reason = DeferralReason.AboveThreshold,
        IsContested = true,
        AgreesWithBase = position % 2 == 0,
    };
}
