using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Tests.OpenAi.LlamaCpp;

/// <summary>
/// An expert over llama.cpp's own server, against our engine with the same weights. Run by hand, because the server is not a dependency:
/// <c>tests/interop/README.md</c> has the commands.
/// </summary>
public sealed class LlamaServerTests
{
    [Fact(Explicit = true)]
    public async Task Session_LlamaServerBehindIt_WritesWhatTheEngineWrites()
    {
        int port = LlamaServerProcess.FreePort();
        using LlamaServerProcess server = LlamaServerProcess.Start(port);
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync(options => options with { Models = [LlamaServerProcess.Options(port)] });
        using Checkpoint checkpoint = Checkpoint.Open(LlamaServerProcess.ModelDirectory);
        await using InferenceEngine engine = new(CpuBackend.Load(checkpoint, new CpuBackendOptions { ThreadCount = 1, Storage = PackedWeightStorage.Memory }));
        using SessionClient session = new(expert);
        Opened opened = await session.OpenAsync([1, 17, 201, 44, 9, 310, 77, 5]);
        Assert.Equal("llama.cpp", opened.Model.Backend);
        using InferenceSession twin = engine.OpenSession(128);
        float furthest = 0;
        for (int i = 0; i < 64; i++)
        {
            Answer answer = (await session.AskAsync(change: ask => (ask.AnswerForm, ask.TopK) = (AnswerForm.TopK, 20)))[0];
            float[] logits = (await twin.AdvanceAsync(session.Tokens.Skip(twin.Length).ToArray())).Logits().ToArray();
            double logSumExp = VocabularyScan.LogSumExp(logits, new float[logits.Length]);
            Assert.Equal(VocabularyScan.Argmax(logits), answer.TopK.TokenIds[0]);
            foreach ((int id, float logProbability) in answer.TopK.TokenIds.Zip(answer.TopK.LogProbabilities))
                furthest = Math.Max(furthest, Math.Abs(logProbability - (float)(logits[id] - logSumExp)));
            session.Tokens.Add(answer.TopK.TokenIds[0]);
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"Largest difference of a log-probability: {furthest}");
        Assert.True(furthest < 1e-3f, $"{furthest}");
        await session.TruncateAsync(20);
        Assert.Equal(4, (await session.AskAsync([5, 8, 12, 20])).Count);
    }
}
