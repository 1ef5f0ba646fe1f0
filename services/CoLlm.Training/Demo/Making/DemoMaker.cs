using System.Text.Json;
using CoLlm.Training.Data;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Output;
using CoLlm.Training.Pipeline;
using CoLlm.Training.Running;
using CoLlm.Training.Scoring;

namespace CoLlm.Training.Demo.Making;

/// <summary>
/// Makes the demo's models from the text in the repository: 1 texts for every reader; 2 the tokenizer; 3 the experts; 4 the base;
/// 5 the base trained on without experts, for comparison; 6 base and swap head, calibrated; 7 publish. Every stage lies in the work
/// folder and is done once for what it is made from; the same data, recipe and seeds give the same bytes.
/// </summary>
public sealed class DemoMaker(DemoPaths paths, int threadCount, TimeProvider time)
{
    private const string PublishedBase = "base";

    /// <summary>Called with a sentence when a stage begins or ends.</summary>
    public IProgress<string>? Log { get; init; }

    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Runs what is left to do.</summary>
    /// <exception cref="TrainingException">Data, recipe or work folder are unusable.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        DemoRecipe recipe = DemoRecipe.Read(paths.Recipe);
        DemoStages stages = new(paths.Work, Log);
        await stages.RunAsync("1-texts", [paths.Data], Text(recipe.Corpus), [paths.CorpusFolder], () => Texts(recipe, cancellationToken));
        await stages.RunAsync(
            "2-tokenizer", [paths.Corpus(DemoCorpusFiles.TokenizerFile)],
            Text(new { recipe.VocabularySize, recipe.BaseShape, recipe.ExpertShape, recipe.MaxPositions }), [paths.Tokenizer, paths.Seeds], () => Tokenizer(recipe));
        foreach (string expert in DemoCorpus.Experts)
            await PlainAsync(stages, $"3-{expert}", recipe, expert, paths.Seed("expert"), DemoCorpusFiles.ExpertFile(expert), recipe.ExpertTraining, true, cancellationToken);
        await PlainAsync(stages, "4-base", recipe, "base", paths.Seed("base"), DemoCorpusFiles.BaseFile, recipe.BaseTraining, true, cancellationToken);
        await PlainAsync(stages, "5-finetuned", recipe, "finetuned", paths.Model("base"), DemoCorpusFiles.JointFile, recipe.JointTraining, false, cancellationToken);
        string[] together = [paths.Model("base"), .. DemoCorpus.Experts.Select(paths.Model), paths.Corpus(DemoCorpusFiles.JointFile), paths.Corpus(DemoCorpusFiles.ValidationFile)];
        await stages.RunAsync(
            "6-deferring", together, Text(new { recipe.HeadFit, training = Decisive(recipe.JointTraining), recipe.MaxSequenceTokens }),
            [paths.Training("deferring"), paths.Model("deferring")], () => TrainTogetherAsync(recipe, cancellationToken));
        await stages.RunAsync("7-publish", [paths.Data, paths.Recipe, paths.Model("deferring"), .. DemoCorpus.Experts.Select(paths.Model)], paths.Output, [], Publish);
        Log?.Report($"The demo's models are in {paths.Output}.");
    }

    /// <summary>Settings without those that have no influence on the result.</summary>
    private static TrainingOptions Decisive(TrainingOptions training) => training with { ThreadCount = 1, CheckpointEverySteps = 1 };

    private static string Text<T>(T settings) => JsonSerializer.Serialize(settings);

    private Task PlainAsync(
        DemoStages stages, string stage, DemoRecipe recipe, string name, string start, string corpusFile, TrainingOptions training, bool fromScratch,
        CancellationToken cancellationToken) =>
        stages.RunAsync(
            stage, [start, paths.Corpus(corpusFile)], Text(new { training = Decisive(training), fromScratch, recipe.MaxSequenceTokens }), [paths.Training(name), paths.Model(name)],
            () => TrainPlainAsync(recipe, name, start, corpusFile, training, fromScratch, cancellationToken));

    private Task Texts(DemoRecipe recipe, CancellationToken cancellationToken)
    {
        DemoCorpus corpus = new(DemoLibrary.Load(paths.Data), recipe.Corpus);
        new DemoCorpusFiles(corpus, paths.Data).Write(paths.CorpusFolder, cancellationToken);
        return Task.CompletedTask;
    }

    private Task Tokenizer(DemoRecipe recipe)
    {
        IEnumerable<string> texts = new DemoCorpus(DemoLibrary.Load(paths.Data), recipe.Corpus).Tokenizer()
            .SelectMany(text => text.Question is null ? [text.Text] : new[] { text.Question, text.Text });
        DemoModelSeed.WriteTokenizer(paths.Tokenizer, texts, recipe.VocabularySize);
        Directory.CreateDirectory(paths.Seeds);
        DemoModelSeed.Write(paths.Seed("base"), paths.Tokenizer, recipe.BaseShape, recipe.MaxPositions);
        DemoModelSeed.Write(paths.Seed("expert"), paths.Tokenizer, recipe.ExpertShape, recipe.MaxPositions);
        return Task.CompletedTask;
    }

    private Task TrainPlainAsync(
        DemoRecipe recipe, string name, string start, string corpusFile, TrainingOptions training, bool fromScratch, CancellationToken cancellationToken) =>
        PipelineAsync(
            Options(recipe, name, start, corpusFile, training) with
            {
                Objective = TrainingObjective.Lm,
                FromScratch = fromScratch,
                SeedsCopying = name == "base",
            },
            cancellationToken);

    private Task TrainTogetherAsync(DemoRecipe recipe, CancellationToken cancellationToken) =>
        PipelineAsync(
            Options(recipe, "deferring", paths.Model("base"), DemoCorpusFiles.JointFile, recipe.JointTraining) with
            {
                Objective = TrainingObjective.Collm,
                Experts = [.. DemoCorpus.Experts.Select(expert => new ExpertSource(expert, paths.Model(expert)))],
                HeadFit = recipe.HeadFit,
                Validation = paths.Corpus(DemoCorpusFiles.ValidationFile),
                MaxAnswerTokens = recipe.MaxSequenceTokens,
            },
            cancellationToken);

    private PipelineOptions Options(DemoRecipe recipe, string name, string start, string corpusFile, TrainingOptions training)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(paths.Model(name))!);
        return new PipelineOptions
        {
            Model = start,
            Data = paths.Corpus(corpusFile),
            Work = paths.Training(name),
            Output = paths.Model(name),
            MaxSequenceTokens = recipe.MaxSequenceTokens,
            Training = training with { ThreadCount = threadCount },
            Format = SavedFormat.Bfloat16,
        };
    }

    private Task PipelineAsync(PipelineOptions options, CancellationToken cancellationToken)
    {
        TrainingPipeline pipeline = new(
            options, ChatTemplateRenderer.Load(options.Model), (expert, usable) => TokenScorers.Open(expert.Directory, usable, threadCount), time)
        {
            Log = Log,
            Progress = Progress,
        };
        return pipeline.RunAsync(cancellationToken);
    }

    private Task Publish()
    {
        Directory.CreateDirectory(paths.Output);
        CopyModel(paths.Model("deferring"), PublishedBase);
        foreach (string expert in DemoCorpus.Experts)
            CopyModel(paths.Model(expert), expert);
        DemoProvenance.Of(paths.Recipe, paths.Data, paths.Output, [PublishedBase, .. DemoCorpus.Experts]).Write(paths.Output);
        return Task.CompletedTask;
    }

    private void CopyModel(string source, string name) => AtomicFolder.Write(Path.Combine(paths.Output, name), partial =>
    {
        foreach (string file in Directory.EnumerateFiles(source).Where(DemoStages.IsMade))
            File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
    });
}
