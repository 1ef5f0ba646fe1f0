using CoLlm.Protocol.V1;
using CoLlm.Testing.Telemetry;
using Grpc.Core;

namespace CoLlm.Expert.Tests.Telemetry;

/// <summary>The table that operators read is what the expert emits, in both directions.</summary>
public sealed class InstrumentTableTests
{
    private static readonly string[] Sections = ["Expert", "Engine (both services)", "Both services", "RPC (both services)"];

    [Fact]
    public async Task Instruments_OfAnExpert_EqualTheTable()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        using var recorded = new RecordedMetrics(expert.App.Services);

        using (SessionClient session = new(expert))
        {
            await session.OpenAsync([1, 2, 3]);
            await session.AskAsync();
            await session.CloseAsync();
        }

        using SessionClient refused = new(expert);
        await refused.OpenRefusedAsync(open => open.Model = "other");
        using (AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> failed = expert.Client.Score())
        {
            await failed.RequestStream.WriteAsync(new ScoreRequest { Open = new ScoreOpen { Model = "other" } });
            await Assert.ThrowsAsync<RpcException>(() => failed.ResponseStream.MoveNext(CancellationToken.None));
        }

        recorded.Observe();

        Assert.Equal(
            InstrumentTable.Read(Sections).Select(row => row.ToString()).Order(StringComparer.Ordinal),
            recorded.Instruments.Values
                .Select(instrument => InstrumentTable.RowOf("", instrument, recorded.Of(instrument.Name).SelectMany(one => one.Labels.Keys).Distinct()).ToString())
                .Order(StringComparer.Ordinal));
    }
}
