using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

public sealed class TrainCommandTests
{
    private static readonly string Base = RepositoryPaths.Golden("models", "pair-base");
    private static readonly string Expert = RepositoryPaths.Golden("models", "pair-expert");

    [Fact]
    public async Task Train_ConfigWithOptionsOnTop_WritesTheModelAndTellsProgress()
    {
        using TemporaryDirectory folder = new();
        string data = folder.Write("data.jsonl", "{\"prompt\":\"The bear\",\"completion\":\" slept.\"}\n{\"text\":\"A plain line.\"}\n");
        string config = folder.Write("train.json", """{"training": {"epochs": 99, "batch_sequences": 1}, "head_fit": {"epochs": 1}}""");

        CollmRun run = await CollmRun.OfAsync(
            "", "train", "--config", config, "--model", Base, "--expert", $"helper={Expert}", "--data", data, "--work", folder.File("work"),
            "--output", folder.File("model"), "--epochs", "2", "--threads", "1", "--learning-rate", "1e-3");

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("train        [####################] 4/4  loss ", run.Error, StringComparison.Ordinal);
        Assert.Contains($"The trained model is in {folder.File("model")}.", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("model/swap_head.safetensors")));
        using Checkpoint model = Checkpoint.Open(folder.File("model"));
        Assert.Equal(512, model.Config.VocabularySize);
    }

    [Theory]
    [InlineData("""{"epochs": 3}""", "The settings are wrong: ")]
    [InlineData("""{"training": {"epochs": 0}}""", "Epochs must be from 1 to 100000.")]
    [InlineData("""{"objective": "speed"}""", "The settings are wrong: ")]
    [InlineData("""{"training": null}""", "The settings are wrong: ")]
    [InlineData("""{"training": {"optimizer": {"beta1": 1}}}""", "AdamW's betas must be from 0 to below 1.")]
    [InlineData("""[]""", "it is not a JSON object.")]
    [InlineData("{", "broken JSON at line 1, byte 2.")]
    public async Task Train_WrongSetting_IsRefusedWithASentence(string config, string sentence)
    {
        using TemporaryDirectory folder = new();
        string file = folder.Write("train.json", config);

        CollmRun run = await CollmRun.OfAsync(
            "", "train", "--config", file, "--model", Base, "--expert", $"helper={Expert}", "--data", "none.jsonl", "--work", folder.File("work"), "--output", folder.File("model"));

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith("collm train: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(sentence, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("model")));
    }

    [Theory]
    [InlineData("Say --data, or put \"data\" into the file of --config.", "--model", "m", "--work", "w", "--output", "o")]
    [InlineData("--expert helper is not of the form NAME=DIR or NAME=http://HOST:PORT.", "--model", "m", "--expert", "helper")]
    public async Task Train_IncompleteCommandLine_SaysWhatIsMissing(string sentence, params string[] arguments)
    {
        CollmRun run = await CollmRun.OfAsync("", ["train", .. arguments]);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal($"collm train: {sentence}", run.Error.TrimEnd());
    }
}
