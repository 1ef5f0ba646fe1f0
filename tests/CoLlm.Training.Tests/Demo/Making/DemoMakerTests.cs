using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;
using CoLlm.Training.Demo.Making;
using CoLlm.Training.Pipeline;

namespace CoLlm.Training.Tests.Demo.Making;

/// <summary>From text to published models.</summary>
public sealed class DemoMakerTests
{
    [Fact]
    public async Task Run_TinyRecipe_PublishesModelsThatBelongTogether()
    {
        using TinyDemo demo = new();
        await demo.RunAsync();

        string Model(string name) => Path.Combine(demo.Paths.Output, name);
        using Checkpoint router = Checkpoint.Open(Model("base"));
        using Checkpoint mathematics = Checkpoint.Open(Model("mathematics"));
        using Checkpoint medicine = Checkpoint.Open(Model("medicine"));
        SwapHeadFile head = SwapHeadFile.Read(Path.Combine(Model("base"), TrainingPipeline.SwapHeadFileName));
        Tokenizer tokenizer = Tokenizer.Load(Model("base"));

        ExpertIdentity[] experts = [new("mathematics", mathematics.Fingerprint), new("medicine", medicine.Fingerprint)];
        Assert.Empty(head.RequireFit(new SwapHeadIdentity(router.Fingerprint, tokenizer.Fingerprint, experts), allowsMismatch: false));
        Assert.NotNull(head.Calibration);
        Assert.True(tokenizer.IsCompatibleWith(Tokenizer.Load(Model("medicine")), tokenizer.VocabularySize));
        Assert.Equal(tokenizer.TokenId("<|end|>"), Assert.Single(router.Config.EosTokenIds));

        DemoProvenance provenance = DemoProvenance.Read(demo.Paths.Output);
        Assert.Equal(
            [("base", router.Fingerprint), ("mathematics", mathematics.Fingerprint), ("medicine", medicine.Fingerprint)],
            provenance.Models.Select(model => (model.Key, model.Value)));
        demo.Log.Clear();
        await demo.RunAsync();
        Assert.Equal(8, demo.Log.Count(line => line.EndsWith("is done.", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_KilledInAStage_PublishesTheSameBytes()
    {
        using TinyDemo undisturbed = new();
        await undisturbed.RunAsync();
        using TinyDemo killed = new();
        foreach (string moment in new[] { "Stage 2-tokenizer begins.", "Stage 6-deferring begins.", "Calibrating on 2 questions." })
            await Assert.ThrowsAsync<InvalidOperationException>(() => killed.RunAsync(line => { if (line == moment) throw new InvalidOperationException("killed"); }));
        Assert.False(Directory.Exists(killed.Paths.Output));
        await killed.RunAsync();

        Assert.Equal(undisturbed.Published(), killed.Published());
    }

    [Fact]
    public async Task Run_OtherTrainingOfTheBase_RepeatsOnlyWhatDependsOnIt()
    {
        using TinyDemo demo = new();
        await demo.RunAsync();
        File.WriteAllText(demo.Paths.Recipe, File.ReadAllText(demo.Paths.Recipe).Replace("\"seed\": 1", "\"seed\": 4", StringComparison.Ordinal));
        demo.Log.Clear();
        await demo.RunAsync();

        Assert.Equal(
            ["Stage 1-texts is done.", "Stage 2-tokenizer is done.", "Stage 3-mathematics is done.", "Stage 3-medicine is done.", "Stage 4-base begins.", "Stage 5-finetuned begins.", "Stage 6-deferring begins.", "Stage 7-publish begins."],
            demo.Log.Where(line => line.StartsWith("Stage ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Provenance_PublishedModels_AreOfTheRepositorysRecipeAndData()
    {
        string folder = Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo");
        DemoProvenance published = DemoProvenance.Read(folder);
        DemoProvenance now = DemoProvenance.Of(Path.Combine(folder, "recipe.json"), DemoFolder.Path, folder, published.Models.Keys);
        Assert.Equal((now.Recipe, now.Data), (published.Recipe, published.Data));
        Assert.Equal(now.Models, published.Models);
        Assert.Equal(["base", "mathematics", "medicine"], published.Models.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Read_RepositoryRecipe_StaysWithinTheSizeOfTheDemo()
    {
        DemoRecipe recipe = DemoRecipe.Read(Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo", "recipe.json"));
        long bytes = (2 * Bytes(recipe.ExpertShape, recipe)) + Bytes(recipe.BaseShape, recipe);
        Assert.InRange(bytes, 1 << 20, 23_000_000);
    }

    [Theory]
    [InlineData("\"layers\": 1, \"heads\": 2, \"key_value_heads\": 1", "\"layers\": 1, \"heads\": 3, \"key_value_heads\": 1", "base_shape")]
    [InlineData("\"questions_per_entity\": 1", "\"questions_per_entity\": 0", "QuestionsPerEntity")]
    [InlineData("\"vocabulary_size\": 320", "\"vocabulary\": 320", "vocabulary")]
    [InlineData("\"max_positions\": 512", "\"max_positions\": 32", "positions")]
    [InlineData("\"epochs\": 1, \"seed\": 2", "\"epochs\": 0, \"seed\": 2", "Epochs")]
    [InlineData("{\n", "[\n", "recipe.json")]
    public async Task Run_WrongRecipe_NamesTheSetting(string from, string to, string named)
    {
        using TinyDemo good = new();
        string recipe = File.ReadAllText(good.Paths.Recipe);
        Assert.Contains(from, recipe);
        using TinyDemo demo = new(recipe.Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(named, (await Assert.ThrowsAsync<TrainingException>(() => demo.RunAsync())).Message);
    }

    /// <summary>Weights as published, two bytes each.</summary>
    private static long Bytes(DemoModelShape shape, DemoRecipe recipe)
    {
        int keyValueSize = shape.HiddenSize / shape.Heads * shape.KeyValueHeads;
        long layer = (2L * shape.HiddenSize * shape.HiddenSize) + (2L * shape.HiddenSize * keyValueSize) + (3L * shape.HiddenSize * shape.IntermediateSize);
        return 2 * ((layer * shape.Layers) + ((long)recipe.VocabularySize * shape.HiddenSize));
    }
}
