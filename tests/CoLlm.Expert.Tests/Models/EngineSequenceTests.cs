using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Inference;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Protocol.V1;
using CoLlm.Testing;
using CoLlm.Testing.Reference;

namespace CoLlm.Expert.Tests.Models;

/// <summary>The answers of a sequence whose backend reduces, against those made here of the logits.</summary>
public sealed class EngineSequenceTests
{
    private const int Shared = 512;

    public static TheoryData<AnswerForm, float> Forms => new()
    {
        { AnswerForm.Token, 0f },
        { AnswerForm.Token, 1.3f },
        { AnswerForm.TopK, 0f },
        { AnswerForm.Logits, 0f },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task MakeAnswer_BackendThatReduces_EqualsOneThatDoesNot(AnswerForm form, float temperature)
    {
        AnswerTerms terms = new(form, Inference.Sampling.SamplingParameters.Create(temperature, repetitionPenalty: 1.2f, seed: 5), TopK: 7);
        (List<Answer> expected, _) = await AnswersAsync(reduces: false, terms);
        (List<Answer> actual, int reducedRows) = await AnswersAsync(reduces: true, terms);

        Assert.Equal(3, expected.Count);
        Assert.Equal(form == AnswerForm.Logits ? 0 : 3, reducedRows);
        Assert.All(expected, answer => Assert.Equal(form == AnswerForm.TopK ? 7 : 0, answer.TopK?.TokenIds.Count ?? 0));
        foreach ((Answer one, Answer other) in expected.Zip(actual))
        {
            Assert.Equal(one.LogProbability, other.LogProbability, 1e-6f);
            Assert.Equal(one.TopK?.TailProbability ?? 0, other.TopK?.TailProbability ?? 0, 1e-6f);
            Assert.All((one.TopK?.LogProbabilities ?? []).Zip(other.TopK?.LogProbabilities ?? []), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
            Assert.Equal(one.TopK?.TokenIds ?? [], other.TopK?.TokenIds ?? []);
            Assert.Equal(
                (one.Position, one.TokenId, one.ArgmaxTokenId, one.HasArgmaxTokenId, one.Logits),
                (other.Position, other.TokenId, other.ArgmaxTokenId, other.HasArgmaxTokenId, other.Logits));
        }
    }

    [Fact]
    public async Task ScoreAsync_BackendThatReduces_EqualsOneThatDoesNot()
    {
        (List<float> expected, _) = await ScoresAsync(reduces: false);
        (List<float> actual, int reducedRows) = await ScoresAsync(reduces: true);
        Assert.Equal(2 * 99, expected.Count);
        Assert.Equal(99, reducedRows);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-6f));
    }

    private static async Task<(List<Answer> Answers, int ReducedRows)> AnswersAsync(bool reduces, AnswerTerms terms)
    {
        (EngineBackend opened, ReducingBackend? reducing) = Open(reduces);
        await using EngineBackend backend = opened;
        using ISequence sequence = backend.TryOpen(40, Shared, out _)!;
        int count = await sequence.AskAsync(new[] { 3, 1, 4, 1, 5, 9, 2, 6 }, new[] { 2, 5, 8 }, terms, CancellationToken.None);
        return ([.. Enumerable.Range(0, count).Select(i => sequence.MakeAnswer(i).Clone())], reducing?.Rows.Reduced ?? 0);
    }

    private static async Task<(List<float> Scores, int ReducedRows)> ScoresAsync(bool reduces)
    {
        (EngineBackend opened, ReducingBackend? reducing) = Open(reduces);
        await using EngineBackend backend = opened;
        List<float> scores = [];
        await backend.ScoreAsync(Enumerable.Range(0, 100).ToArray(), 1, Shared, Take, CancellationToken.None);
        return (scores, reducing?.Rows.Reduced ?? 0);

        Task Take(SequenceScores part)
        {
            scores.AddRange(part.GoldLogProbabilities.Concat(part.MaxLogProbabilities));
            return Task.CompletedTask;
        }
    }

    private static (EngineBackend Backend, ReducingBackend? Reducing) Open(bool reduces)
    {
        Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "pair-expert"));
        CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { ThreadCount = 1, Storage = PackedWeightStorage.Memory });
        ReducingBackend? reducing = reduces ? new ReducingBackend(backend) : null;
        InferenceEngine engine = new((IInferenceBackend?)reducing ?? backend, new InferenceEngineOptions { KvBlockCount = 16 });
        return (new EngineBackend(engine, checkpoint, new SessionLimits()), reducing);
    }
}
