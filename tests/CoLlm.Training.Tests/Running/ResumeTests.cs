using CoLlm.Testing;
using CoLlm.Training.Running;

namespace CoLlm.Training.Tests.Running;

/// <summary>A run that is killed and continued must give the bits of one that was not.</summary>
public sealed class ResumeTests
{
    private static readonly string Config = """
        {"model_type":"llama","hidden_size":20,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"head_dim":6,
         "intermediate_size":28,"vocab_size":37,"max_position_embeddings":256,"rms_norm_eps":1e-5}
        """;

    [Theory]
    [InlineData(TrainingScope.Full, 17)]
    [InlineData(TrainingScope.Lora, 18)]
    [InlineData(TrainingScope.HeadOnly, 19)]
    public void Run_KilledAtRandomStepsAndContinued_GivesTheSameBits(TrainingScope scope, int seed)
    {
        TrainingOptions options = TrainingRun.Options with { Scope = scope };
        float[][] undisturbed = TrainingRun.Run(options);
        SeededRandom random = new((ulong)seed);
        using TemporaryDirectory folder = new();
        folder.Write("config.json", Config);

        foreach (int step in new[] { 1 + random.NextIndex(4), 5 + random.NextIndex(3) })
            Assert.Throws<TrainingRun.KilledException>(() => TrainingRun.Run(options, folder.Path, step));
        float[][] continued = TrainingRun.Run(options with { ThreadCount = 1 }, folder.Path);

        Assert.Equal(undisturbed, continued);
    }

    [Fact]
    public void Restore_HalfWrittenCheckpointBesideAWholeOne_TakesTheWholeOne()
    {
        float[][] undisturbed = TrainingRun.Run(TrainingRun.Options);
        using TemporaryDirectory folder = new();
        folder.Write("config.json", Config);
        Assert.Throws<TrainingRun.KilledException>(() => TrainingRun.Run(TrainingRun.Options, folder.Path, 5));
        Directory.CreateDirectory(folder.File("checkpoints/step-00000006.partial"));
        File.WriteAllText(folder.File("checkpoints/step-00000006.partial/model.safetensors"), "half");

        Assert.Equal(undisturbed, TrainingRun.Run(TrainingRun.Options, folder.Path));
    }

    [Fact]
    public void Restore_CheckpointOfOtherSettings_IsRefused()
    {
        using TemporaryDirectory folder = new();
        folder.Write("config.json", Config);
        Assert.Throws<TrainingRun.KilledException>(() => TrainingRun.Run(TrainingRun.Options, folder.Path, 3));
        TrainerState state = new(TinyModels.Lively(TinyModels.Llama), TinyModels.Theta(1), TrainingRun.Options);

        var error = Assert.Throws<TrainingException>(
            () => new CheckpointStore(folder.File("checkpoints"), folder.File("config.json"), "different").Restore(state));

        Assert.EndsWith("was made with other settings or data; continue with those, or choose another work folder.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Restore_DamagedCheckpoint_SaysWhichFile()
    {
        using TemporaryDirectory folder = new();
        folder.Write("config.json", Config);
        Assert.Throws<TrainingRun.KilledException>(() => TrainingRun.Run(TrainingRun.Options, folder.Path, 3));
        File.WriteAllText(folder.File("checkpoints/step-00000002/model.safetensors"), "broken");

        var error = Assert.Throws<TrainingException>(() => TrainingRun.Run(TrainingRun.Options, folder.Path));

        Assert.Contains("step-00000002: the checkpoint cannot be read: model.safetensors", error.Message, StringComparison.Ordinal);
    }
}
