using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Disturbances;

/// <summary>A router that is told to stop in the middle of an answer keeps its word to the client it has.</summary>
public sealed class RouterStopTests
{
    [Fact]
    public async Task Generate_RouterToldToStop_FinishesWhatRunsAndTakesNothingNew()
    {
        await using Scene scene = await Scene.StartAsync(replicaCount: 1);
        Answered undisturbed = await scene.Router.GenerateAsync(Scene.Answer.ToMessage());
        (AsyncServerStreamingCall<GenerateResponse> call, _, PausingProxy wire) = await scene.BeginHeldAsync();
        using (call)
        {
            await scene.Router.Process.BeginStopAsync();
            RpcException refusal = await Assert.ThrowsAsync<RpcException>(() => scene.Router.GenerateAsync(Scene.Answer.ToMessage()));
            Assert.Equal(StatusCode.Unavailable, refusal.StatusCode);

            wire.Resume();
            Answered answer = await RouterClient.ReadAsync(call, new Answered());
            Assert.Equal(TokenRow.Of(undisturbed.Tokens), TokenRow.Of(answer.Tokens));
            Assert.Equal(FinishReason.MaxTokens, answer.Summary!.FinishReason);
        }

        Assert.Equal(0, await scene.Router.Process.ExitAsync());
        await scene.WhenExpertsAreEmptyAsync();
    }
}
