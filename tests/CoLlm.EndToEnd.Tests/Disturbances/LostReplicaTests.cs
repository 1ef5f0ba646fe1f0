using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Disturbances;

/// <summary>Whoever goes away in the middle of an answer, replica or client, leaves the others as they were. Each test costs a replica at most.</summary>
public sealed class LostReplicaTests(LostReplicaTests.Replicas replicas) : IClassFixture<LostReplicaTests.Replicas>
{
    private Scene Scene => replicas.Scene;

    [Fact]
    public async Task Generate_ReplicaKilledMidAnswer_GoesOnWithAnother()
    {
        Answered undisturbed = await Scene.Router.GenerateAsync(Scene.Answer.ToMessage());
        (AsyncServerStreamingCall<GenerateResponse> call, CollmProcess expert, PausingProxy wire) = await Scene.BeginHeldAsync();
        using (call)
        {
            await expert.KillAsync();
            wire.Resume();
            AssertMoved(undisturbed, await RouterClient.ReadAsync(call, new Answered()));
        }

        await Scene.WhenExpertsAreEmptyAsync();
    }

    [Fact]
    public async Task Generate_ReplicaStopsMidAnswer_MovesAndLetsItEnd()
    {
        Answered undisturbed = await Scene.Router.GenerateAsync(Scene.Answer.ToMessage());
        (AsyncServerStreamingCall<GenerateResponse> call, CollmProcess expert, PausingProxy wire) = await Scene.BeginHeldAsync();
        using (call)
        {
            await expert.BeginStopAsync();
            wire.Resume();
            AssertMoved(undisturbed, await RouterClient.ReadAsync(call, new Answered()));
        }

        Assert.Equal(0, await expert.ExitAsync());
        await Scene.WhenExpertsAreEmptyAsync();
    }

    [Fact]
    public async Task Generate_ClientGoneWhileTheExpertIsSilent_FreesBothCaches()
    {
        using CancellationTokenSource client = new();
        (AsyncServerStreamingCall<GenerateResponse> call, _, PausingProxy wire) = await Scene.BeginHeldAsync(client.Token);
        using (call)
        {
            await client.CancelAsync();
            await Scene.WhenExpertsAreEmptyAsync();
            Answered whole = await Scene.Router.GenerateAsync(Scenario.WholeBaseCache.ToMessage());
            Assert.Equal(FinishReason.MaxTokens, whole.Summary!.FinishReason);
            wire.Resume();
        }
    }

    private static void AssertMoved(Answered undisturbed, Answered answer)
    {
        Assert.Equal(TokenRow.Of(undisturbed.Tokens), TokenRow.Of(answer.Tokens));
        Assert.Equal(FinishReason.MaxTokens, answer.Summary!.FinishReason);
        Assert.NotEqual(0, Assert.Single(answer.Summary.Experts).FailoverCount);
    }

    /// <summary>One router and a replica more than the tests cost.</summary>
    public sealed class Replicas : IAsyncLifetime
    {
        internal Scene Scene { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Scene = await Scene.StartAsync(replicaCount: 3);

        public ValueTask DisposeAsync() => Scene.DisposeAsync();
    }
}
