using CoLlm.Decoding;
using CoLlm.Protocol.V1;
using CoLlm.Router.Telemetry;
using CoLlm.Router.Tests.Peers;
using CoLlm.ServiceDefaults.Telemetry;
using CoLlm.Testing.Telemetry;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using DeferralReason = CoLlm.Decoding.Deferral.DeferralReason;
using TokenEvent = CoLlm.Decoding.TokenEvent;

namespace CoLlm.Router.Tests.Telemetry;

/// <summary>The table that operators read is what the router emits, in both directions.</summary>
public sealed class InstrumentTableTests
{
    private static readonly string[] Sections = ["Router", "Engine (both services)", "Both services", "RPC (both services)", "HTTP (router)", "Generative AI (router)"];

    [Fact]
    public async Task Instruments_OfARouter_EqualTheTable()
    {
        await using var model = new EngineExpert("pair-expert");
        await using ScriptedExpert expert = await model.StartAsync();
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions(expert.Address));
        using var recorded = new RecordedMetrics(router.Application.Services);

        await router.GenerateAsync(RouterUnderTest.Request(threshold: 0.4f));
        await Assert.ThrowsAsync<RpcException>(() => router.GenerateAsync(new GenerateRequest { Model = "other" }));
        await router.Application.Services.GetRequiredService<HttpTelemetry>().ObserveAsync(new DefaultHttpContext(), "/v1/completions", context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        RecordRareEvents(router.Application.Services.GetRequiredService<RouterTelemetry>());
        recorded.Observe();

        string[] calibrated = ["collm.deferral.target_rate"]; // Needs a swap head file with a calibration.
        Assert.Equal(
            InstrumentTable.Read(Sections).Select(row => row.ToString()).Except(Expected(calibrated)).Order(StringComparer.Ordinal),
            recorded.Instruments.Values
                .Where(instrument => !calibrated.Contains(instrument.Name))
                .Select(instrument => InstrumentTable.RowOf("", instrument, LabelsOf(recorded, instrument.Name)).ToString())
                .Order(StringComparer.Ordinal));
        Assert.All(calibrated, name => Assert.Contains(name, recorded.Instruments.Keys));
    }

    /// <summary>What one good answer does not bring.</summary>
    private static void RecordRareEvents(RouterTelemetry telemetry)
    {
        telemetry.Requests.CountRefusal(FailureReason.TooManyRequests);
        telemetry.Requests.RecordDurations(DecodingMode.Defer, SemanticConventions.Chat, "expert_unavailable", default, tokenCount: 2);
        ExpertMeasures expert = telemetry.Experts.For("expert");
        expert.CountFailover(FailureReason.Evicted);
        expert.AddCost(1, 1, 1, staleReplyCount: 1);
        var contested = new TokenEvent
        {
            TokenId = 1,
            Position = 1,
            Origin = TokenOrigin.Expert,
            LogProbability = 0,
            Reason = DeferralReason.AboveThreshold,
            IsContested = true,
            AgreesWithBase = true,
        };
        telemetry.Tokens.Record(contested, 1, telemetry.Tokens.TagsOf("expert"));
    }

    private static IEnumerable<string> Expected(string[] names) =>
        InstrumentTable.Read(Sections).Where(row => names.Contains(row.Name)).Select(row => row.ToString());

    /// <summary>All keys that were ever seen: some are there on failures only.</summary>
    private static IEnumerable<string> LabelsOf(RecordedMetrics recorded, string instrument) =>
        recorded.Of(instrument).SelectMany(measurement => measurement.Labels.Keys).Distinct();
}
