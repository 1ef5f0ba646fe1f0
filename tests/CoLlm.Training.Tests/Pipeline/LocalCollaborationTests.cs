using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;
using CoLlm.Training.Pipeline;

namespace CoLlm.Training.Tests.Pipeline;

/// <summary>Answers for calibration that are written at once do not depend on how many of them fit into memory.</summary>
public sealed class LocalCollaborationTests : IDisposable
{
    private const int MaxNewTokens = 8;
    private const int Usable = 512;
    private const float Always = -1;

    private static readonly int[][] Prompts = [.. Enumerable.Range(0, 8).Select(i => new[] { 3, 40 + i, 90 + i })];

    private static readonly string Expert = RepositoryPaths.Golden("models", "llama-tiny");

    private readonly TemporaryDirectory _model = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "pair-base"));

    /// <summary>One block of the expert, which has twice the base's layers, and so two of the base: a block is a short sequence.</summary>
    private readonly long _kvBytes;

    public LocalCollaborationTests()
    {
        using Checkpoint expert = Checkpoint.Open(Expert);
        using (CpuBackend backend = CpuBackend.Load(expert, new CpuBackendOptions { ThreadCount = 1, Storage = PackedWeightStorage.Memory }))
            _kvBytes = backend.KvBlockBytes(new InferenceEngineOptions().BlockSizeTokens);
        using Checkpoint model = Checkpoint.Open(_model.Path);
        float[] theta = [.. Enumerable.Range(0, model.Config.HiddenSize).Select(i => MathF.Sin(i))];
        var trainedWith = new SwapHeadIdentity(model.Fingerprint, Tokenizer.Load(_model.Path).Fingerprint, [new ExpertIdentity("helper", "any")]);
        new SwapHeadFile(new SwapHead(theta, theta.Length), trainedWith, Calibration: null).Write(_model.File(TrainingPipeline.SwapHeadFileName));
    }

    [Fact]
    public async Task Answer_ManyAtOnceAndRoomForOne_WritesEachToItsEnd()
    {
        await using LocalCollaboration roomy = Open(kvCacheBytes: null);
        await using LocalCollaboration narrow = Open(_kvBytes);

        CollaborationAnswer[] expected = await AnswerAllAsync(roomy);
        CollaborationAnswer[] answers = await AnswerAllAsync(narrow);

        Assert.Equal(expected.Select(answer => (answer.Text, answer.ExpertTokenCount)), answers.Select(answer => (answer.Text, answer.ExpertTokenCount)));
        Assert.All(answers, answer => Assert.InRange(answer.ExpertTokenCount, 1, MaxNewTokens));
    }

    [Fact]
    public async Task Answer_ExpertThatHasNeverRoomForIt_IsASentence()
    {
        await using LocalCollaboration narrow = Open(_kvBytes);

        TrainingException refused = await Assert.ThrowsAsync<TrainingException>(
            () => narrow.AnswerAsync([.. Enumerable.Range(3, 20)], Always, MaxNewTokens, CancellationToken.None));

        Assert.StartsWith("A validation question cannot be answered: ExpertUnavailable", refused.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _model.Dispose();

    private LocalCollaboration Open(long? kvCacheBytes) => new(
        _model.Path, [new ExpertSource("helper", Expert)], Tokenizer.Load(_model.Path), Usable, threadCount: 1, kvCacheBytes);

    private static Task<CollaborationAnswer[]> AnswerAllAsync(LocalCollaboration models) =>
        Task.WhenAll(Prompts.Select(prompt => models.AnswerAsync(prompt, Always, MaxNewTokens, CancellationToken.None)));
}
