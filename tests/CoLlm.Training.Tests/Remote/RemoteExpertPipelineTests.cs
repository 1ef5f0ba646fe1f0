using System.Text.Json.Nodes;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Training.Pipeline;
using CoLlm.Training.Tests.Pipeline;

namespace CoLlm.Training.Tests.Remote;

/// <summary>The whole of training with an expert that is a service.</summary>
public sealed class RemoteExpertPipelineTests
{
    private const string Scores = "2-scores-expert-helper.jsonl";

    [Fact]
    public async Task Run_ExpertElsewhere_LearnsItsFingerprintAndWritesAHead()
    {
        await using GoldenExpert expert = await GoldenExpert.StartAsync("pair-expert");
        using PairRun run = Elsewhere(expert);

        await run.RunAsync();

        using Checkpoint model = Checkpoint.Open(RepositoryPaths.Golden("models", "pair-expert"));
        SwapHeadFile head = SwapHeadFile.Read(run.Output(TrainingPipeline.SwapHeadFileName));
        Assert.Equal([new ExpertIdentity("helper", model.Fingerprint)], head.TrainedWith.Experts);
        Assert.Equal(5, File.ReadLines(run.Work(Scores)).Count());
    }

    [Fact]
    public async Task Run_KilledWhileScoringElsewhere_EndsWithTheSameBytes()
    {
        await using GoldenExpert expert = await GoldenExpert.StartAsync("pair-expert");
        using PairRun undisturbed = Elsewhere(expert);
        await undisturbed.RunAsync();
        using PairRun killed = Elsewhere(expert);
        await Assert.ThrowsAsync<InvalidOperationException>(() => killed.RunAsync(progress =>
        {
            if (progress.Stage == "score helper")
                throw new InvalidOperationException("killed");
        }));
        string[] lines = File.ReadAllLines(killed.Work(Scores));
        File.WriteAllText(killed.Work(Scores), lines[0] + "\n" + lines[1][..7]);

        await killed.RunAsync();

        Assert.Equal(File.ReadAllBytes(undisturbed.Work(Scores)), File.ReadAllBytes(killed.Work(Scores)));
        Assert.Equal(File.ReadAllBytes(undisturbed.Output(TrainingPipeline.SwapHeadFileName)), File.ReadAllBytes(killed.Output(TrainingPipeline.SwapHeadFileName)));
    }

    [Fact]
    public async Task Run_CalibrationNobodyCanPutTogether_IsRefusedBeforeAnythingIsAsked()
    {
        using PairRun run = new();
        run.Options = run.Options with { Experts = [new ExpertSource("helper", Address: new Uri("http://127.0.0.1:1"))] };

        TrainingException refused = await Assert.ThrowsAsync<TrainingException>(() => run.RunAsync());

        Assert.StartsWith("Calibration needs every expert in a directory here", refused.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(run.Options.Work));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("somewhere", "http://127.0.0.1:5200")]
    [InlineData("", "ftp://127.0.0.1")]
    public async Task Run_ExpertWithoutOnePlace_IsRefused(string directory, string? address)
    {
        using PairRun run = new();
        run.Options = run.Options with { Experts = [new ExpertSource("helper", directory, address is null ? null : new Uri(address))] };

        TrainingException refused = await Assert.ThrowsAsync<TrainingException>(() => run.RunAsync());

        Assert.StartsWith("Expert helper", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"directory": "x"}""", "An expert's name has 1 to 64 letters")]
    [InlineData("""{"name": "x"}""", "Expert x needs a directory or an address")]
    [InlineData("""{"name": "x", "address": "nowhere"}""", "Expert x: nowhere is not an address")]
    public void Parse_ExpertOfTheSettingsIncomplete_IsASentence(string expert, string sentence)
    {
        JsonObject settings = new()
        {
            ["model"] = "m",
            ["data"] = "d",
            ["work"] = "w",
            ["output"] = "o",
            ["experts"] = new JsonArray(JsonNode.Parse(expert)),
        };
        Assert.StartsWith(sentence, Assert.Throws<TrainingException>(() => PipelineConfig.Parse(settings)).Message, StringComparison.Ordinal);
    }

    private static PairRun Elsewhere(GoldenExpert expert)
    {
        PairRun run = new();
        run.Options = run.Options with { Validation = null, Experts = [new ExpertSource("helper", Address: new Uri(expert.Address, "pair-expert"))] };
        return run;
    }
}
