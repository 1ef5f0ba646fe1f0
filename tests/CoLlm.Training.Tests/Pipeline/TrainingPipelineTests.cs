using System.Text.Json;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;
using CoLlm.Training.Pipeline;

namespace CoLlm.Training.Tests.Pipeline;

public sealed class TrainingPipelineTests
{
    [Fact]
    public async Task Run_BaseAndExpert_WritesAModelWithACalibratedHeadForBoth()
    {
        using PairRun run = new();

        await run.RunAsync();

        using Checkpoint model = Checkpoint.Open(run.Options.Output);
        using Checkpoint expert = Checkpoint.Open(run.Options.Experts[0].Directory);
        SwapHeadFile head = SwapHeadFile.Read(run.Output(TrainingPipeline.SwapHeadFileName));
        Assert.Equal(model.Fingerprint, head.TrainedWith.BaseFingerprint);
        Assert.Equal([new ExpertIdentity("helper", expert.Fingerprint)], head.TrainedWith.Experts);
        Assert.Equal(18, head.Calibration!.Points.Count);
        using JsonDocument report = JsonDocument.Parse(File.ReadAllText(run.Work("6-calibration.json")));
        Assert.Equal(head.Calibration.Best!.Value.TargetRate, report.RootElement.GetProperty("best_target_rate").GetSingle());
        Assert.Equal(Tokenizer.Load(run.Options.Output).Fingerprint, head.TrainedWith.TokenizerFingerprint);
        Assert.True(File.Exists(run.Work("6-calibration.json")) && File.Exists(run.Work("4-head.json")) && File.Exists(run.Work("3-labels.json")));
        Assert.Equal(6, File.ReadLines(run.Work("5-metrics.jsonl")).Count());
        Assert.Contains(run.Progress, progress => progress is { Stage: "train", Step: 6, TotalSteps: 6, TokensPerSecond: > 0 });
        Assert.Contains(run.Progress, progress => progress is { Stage: "score helper", Step: 5 });
    }

    [Fact]
    public async Task Run_KilledInTrainingAndContinued_WritesTheSameBytes()
    {
        using PairRun undisturbed = new();
        await undisturbed.RunAsync();
        using PairRun killed = new();

        await Assert.ThrowsAsync<InvalidOperationException>(() => killed.RunAsync(progress =>
        {
            if (progress is { Stage: "train", Step: 5 })
                throw new InvalidOperationException("killed");
        }));
        Assert.False(Directory.Exists(killed.Options.Output));
        killed.Log.Clear();
        await killed.RunAsync();

        Assert.Contains("Training goes on after step 4.", killed.Log);
        Assert.DoesNotContain(killed.Log, line => line.StartsWith("Scoring", StringComparison.Ordinal) && killed.Log.IndexOf(line) < killed.Log.IndexOf("Training goes on after step 4."));
        foreach (string file in new[] { "model.safetensors", "swap_head.safetensors", "config.json" })
            Assert.Equal(File.ReadAllBytes(undisturbed.Output(file)), File.ReadAllBytes(killed.Output(file)));
    }

    [Fact]
    public async Task Run_KilledWhileScoring_KeepsWhatWasScored()
    {
        using PairRun undisturbed = new();
        await undisturbed.RunAsync();
        using PairRun killed = new();
        await killed.RunAsync();
        string[] lines = File.ReadAllLines(killed.Work("2-scores-expert-helper.jsonl"));
        string[] undamaged = [.. File.ReadLines(undisturbed.Work("2-scores-expert-helper.jsonl"))];
        File.WriteAllText(killed.Work("2-scores-expert-helper.jsonl"), lines[0] + "\n" + lines[1] + "\n" + lines[2][..5]);

        await killed.RunAsync();

        Assert.Equal(undamaged[..2], File.ReadLines(killed.Work("2-scores-expert-helper.jsonl")).Take(2));
        Assert.Equal(5, File.ReadLines(killed.Work("2-scores-expert-helper.jsonl")).Count());
    }

    [Fact]
    public async Task Run_WorkFolderOfOtherSettings_IsRefused()
    {
        using PairRun run = new();
        await run.RunAsync();
        run.Options = run.Options with { Training = run.Options.Training with { LearningRate = 2e-3 } };

        var error = await Assert.ThrowsAsync<TrainingException>(() => run.RunAsync());

        Assert.EndsWith("it holds stages of other settings, data or models (see pipeline.json in it); choose another work folder or delete this one.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_DamagedWorkFolder_SaysSo()
    {
        using PairRun run = new();
        Directory.CreateDirectory(run.Options.Work);
        File.WriteAllText(run.Work("pipeline.json"), "{");

        var error = await Assert.ThrowsAsync<TrainingException>(() => run.RunAsync());

        Assert.EndsWith("pipeline.json: it is damaged; choose another work folder or delete this one.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_PlainLanguageModelFromScratch_NeedsNoExpertAndLowersTheLoss()
    {
        using PairRun run = new();
        run.Options = run.Options with
        {
            Objective = TrainingObjective.Lm,
            FromScratch = true,
            Experts = [],
            Validation = null,
            Format = Training.Output.SavedFormat.Bfloat16,
            Training = run.Options.Training with { Epochs = 30, LearningRate = 5e-3 },
        };

        await run.RunAsync();

        Assert.True(run.Progress[^1].Loss < 0.7 * run.Progress[0].Loss, $"The loss went from {run.Progress[0].Loss} to {run.Progress[^1].Loss}.");
        Assert.False(File.Exists(run.Output(TrainingPipeline.SwapHeadFileName)));
        using Checkpoint model = Checkpoint.Open(run.Options.Output);
        Assert.Equal(ElementType.BFloat16, model.GetTensor("model.norm.weight", model.Config.HiddenSize).ElementType);
    }

    [Fact]
    public async Task Run_ExpertWithAnotherTokenizer_IsRefused()
    {
        using PairRun run = new();
        run.Options = run.Options with { Experts = [new ExpertSource("foreign", CoLlm.Testing.RepositoryPaths.Golden("models", "qwen2-tiny"))] };

        var error = await Assert.ThrowsAsync<TrainingException>(() => run.RunAsync());

        Assert.EndsWith("base and experts must share one tokenizer.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OutputFolderWithOtherThings_IsRefusedAndLeftAlone()
    {
        using PairRun run = new();
        Directory.CreateDirectory(run.Options.Output);
        File.WriteAllText(run.Output("diary.txt"), "mine");

        var error = await Assert.ThrowsAsync<TrainingException>(() => run.RunAsync());

        Assert.EndsWith("holds something else than a model written by training; choose another folder or empty it.", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(run.Output("diary.txt")));
    }

    [Fact]
    public async Task Run_OutputFolderThatHoldsTheWorkFolder_IsRefused()
    {
        using PairRun run = new();
        run.Options = run.Options with { Work = Path.Combine(run.Options.Output, "work") };

        var error = await Assert.ThrowsAsync<TrainingException>(() => run.RunAsync());

        Assert.EndsWith($"{run.Options.Work} lies there.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TrainingObjective.Collm, "Learning to defer needs 1 to 16 experts; name them, or choose the objective lm.")]
    public async Task Run_ObjectiveWithoutWhatItNeeds_IsRefused(TrainingObjective objective, string sentence)
    {
        using PairRun run = new();
        run.Options = run.Options with { Objective = objective, Experts = [] };

        var error = await Assert.ThrowsAsync<TrainingException>(() => run.RunAsync());

        Assert.Equal(sentence, error.Message);
    }
}
