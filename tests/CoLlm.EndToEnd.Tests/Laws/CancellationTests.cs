using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Laws;

/// <summary>However an answer ends, both KV caches are then as they were before.</summary>
[Collection<SharedServicesCollection>]
public sealed class CancellationTests(SharedServices services)
{
    private const int CallsPerMode = 4;

    [Theory]
    [InlineData(CollaborationMode.Defer)]
    [InlineData(CollaborationMode.Compose)]
    [InlineData(CollaborationMode.ExpertOnly)]
    public async Task Generate_ClientGoneAtAnyToken_LeavesBothCachesEmpty(CollaborationMode mode)
    {
        Random random = new((int)mode);
        for (int i = 0; i < CallsPerMode; i++)
        {
            Scenario scenario = new() { Mode = mode, Prompt = "short", Threshold = 0.4f, MaxNewTokens = 300 };
            using CancellationTokenSource client = new();
            using AsyncServerStreamingCall<GenerateResponse> call = services.WithFirst.Begin(scenario.ToMessage(), client.Token);
            await RouterClient.ReadTokensAsync(call, random.Next(40));
            await client.CancelAsync();
            await AssertNothingIsHeldAsync();
        }
    }

    [Fact]
    public async Task Generate_Finished_LeavesBothCachesEmpty()
    {
        await services.WithFirst.GenerateAsync(new Scenario { Threshold = 0.5f }.ToMessage());
        await AssertNothingIsHeldAsync();
    }

    /// <summary>An answer that needs the base's whole cache is admitted, and the expert has room for as many sequences as ever.</summary>
    private async Task AssertNothingIsHeldAsync()
    {
        await services.ExpertProbe.WhenEmptyAsync();
        Assert.Equal(services.ExpertRoom, await services.ExpertProbe.CountRoomAsync(SharedServices.First, SharedServices.LongestSequence));
        await services.ExpertProbe.WhenEmptyAsync();

        Scenario whole = Scenario.WholeBaseCache;
        using AsyncServerStreamingCall<GenerateResponse> call = services.WithFirst.Begin(whole.ToMessage());
        Answered answer = await RouterClient.ReadTokensAsync(call, 1);
        Assert.Equal(whole.MaxNewTokens, answer.Started!.MaxNewTokens);
    }
}
