using System.Runtime.InteropServices;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Testing;
using Google.Protobuf;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;

namespace CoLlm.Router.Tests.Peers;

/// <summary>A golden checkpoint that serves sessions as a good expert does, checking every rule that a router must keep.</summary>
internal sealed class EngineExpert : IAsyncDisposable
{
    private readonly Checkpoint _checkpoint;

    public EngineExpert(string name)
    {
        _checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", name));
        CpuBackend backend = CpuBackend.Load(_checkpoint, new CpuBackendOptions { ThreadCount = 1, Storage = PackedWeightStorage.Memory });
        Engine = new InferenceEngine(backend, new InferenceEngineOptions { KvBlockCount = 512, GatherWindow = TimeSpan.Zero });
    }

    public InferenceEngine Engine { get; }

    public int VocabularySize => _checkpoint.Config.VocabularySize;

    /// <summary>Starts a server for this model under the name <c>expert</c>.</summary>
    /// <param name="disturb">Called before each answer with the session, its number and the number of the question; may do anything.</param>
    public async Task<ScriptedExpert> StartAsync(Func<ScriptedSession, int, int, Task>? disturb = null)
    {
        ScriptedExpert expert = await ScriptedExpert.StartAsync((session, number) => ServeAsync(session, number, disturb));
        expert.Description.Models[0].VocabularySize = VocabularySize;
        expert.Description.Models[0].Fingerprint = _checkpoint.Fingerprint;
        return expert;
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _checkpoint.Dispose();
    }

    private async Task ServeAsync(ScriptedSession session, int number, Func<ScriptedSession, int, int, Task>? disturb)
    {
        await session.GrantAsync(change: opened => opened.Model.VocabularySize = VocabularySize);
        Open open = session.Open!;
        using InferenceSession sequence = Engine.OpenSession(open.MaxSequenceTokens);
        SamplingParameters sampling = Sampling(open.Sampling);
        int usable = open.UsableVocabularySize;
        var sampler = new TokenSampler(usable);
        int passCount = 0;
        for (int question = 0; await session.ReadAskAsync() is { } ask; question++)
        {
            Assert.Equal(PrefixHash.Of([.. session.Tokens]).Value, ask.PrefixHash);
            if (disturb is not null)
                await disturb(session, number, question);
            int[] missing = [.. session.Tokens.Skip(sequence.Length)];
            AdvanceResult result = await sequence.AdvanceAsync(missing, WantedPositions.Last, session.Cancelled);
            Answer answer = session.Answer();
            answer.PassCount = ++passCount;
            AnswerForm form = ask.AnswerForm == AnswerForm.Unspecified ? open.AnswerForm : ask.AnswerForm;
            Fill(answer, form, result.Logits()[..usable], sampler, sampling, session);
            await session.SayAsync(new SessionResponse { Answer = answer });
        }
    }

    private static void Fill(
        Answer answer, AnswerForm form, ReadOnlySpan<float> logits, TokenSampler sampler, SamplingParameters sampling, ScriptedSession session)
    {
        if (form == AnswerForm.Logits)
        {
            var half = new Half[logits.Length];
            HalfLogits.Round(logits, half, new float[logits.Length]);
            answer.Logits = ByteString.CopyFrom(MemoryMarshal.AsBytes(half.AsSpan()));
            return;
        }

        SampledToken token = sampler.Sample(logits, sampling, [.. session.Tokens], session.Tokens.Count);
        (answer.TokenId, answer.LogProbability) = (token.TokenId, token.LogProbability);
        if (token.ArgmaxTokenId != token.TokenId)
            answer.ArgmaxTokenId = token.ArgmaxTokenId;
    }

    private static SamplingParameters Sampling(Protocol.V1.SamplingParameters? message) => message is null
        ? SamplingParameters.Greedy
        : SamplingParameters.Create(
            message.Temperature, message.TopK, message.TopPOrDefault(), message.MinP, message.RepetitionPenaltyOrDefault(), message.Seed);
}
