using System.Diagnostics;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Decoding;
using CoLlm.Router.Hosting;
using CoLlm.Router.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using DeferralReason = CoLlm.Decoding.Deferral.DeferralReason;

namespace CoLlm.Benchmarks.Telemetry;

/// <summary>
/// What recording costs by itself, on one thread with OpenTelemetry listening inside a sampled call: an answer's time varies by more than
/// telemetry costs, so the cost is also counted piece by piece.
/// </summary>
internal static class RecordingCost
{
    private const int Rounds = 9, Operations = 200_000;

    /// <summary>Microseconds of one token, and of one question to an expert.</summary>
    public static async Task<(double Token, double Question)> MeasureAsync()
    {
        await using WebApplication host = RouterHost.Build(new RouterOptions { Listen = "http://127.0.0.1:0", Base = new BaseModelOptions { Directory = "/" } });
        _ = host.Services.GetRequiredService<OpenTelemetry.Metrics.MeterProvider>();
        RouterTelemetry telemetry = host.Services.GetRequiredService<RouterTelemetry>();
        TokenTags tags = telemetry.Tokens.TagsOf("expert");
        ExpertMeasures expert = telemetry.Experts.For("expert");
        using Activity call = new Activity("call").Start();
        call.ActivityTraceFlags = ActivityTraceFlags.Recorded;
        return (
            Median(i => telemetry.Tokens.Record(Token(i), i % 96, tags)),
            Median(i =>
            {
                expert.CountCall(isAnswered: true);
                expert.RecordRoundTrip(TimeSpan.FromMicroseconds(i % 9000), TimeSpan.FromMicroseconds(i % 5000), i % 40);
                expert.AddCost(1, 40, 30, 0);
            }));
    }

    private static double Median(Action<int> operation)
    {
        double[] rounds = new double[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            long since = Stopwatch.GetTimestamp();
            for (int i = 0; i < Operations; i++)
                operation(i);
            rounds[round] = Stopwatch.GetElapsedTime(since).TotalMicroseconds / Operations;
        }

        Array.Sort(rounds);
        return RoundStatistics.Percentile(rounds, 0.5);
    }

    private static TokenEvent Token(int number) => new()
    {
        TokenId = number,
        Position = number,
        Origin = TokenOrigin.Expert,
        DeferralProbability = (number % 100) / 100f,
        LogProbability = -1,
        Reason = DeferralReason.AboveThreshold,
        IsContested = number % 2 == 0,
        AgreesWithBase = number % 3 == 0,
    };
}
