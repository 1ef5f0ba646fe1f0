using System.Security.Cryptography;
using System.Text;
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
/// folder and is done once; the same data, recipe and seeds give the same bytes.
/// </summary>
public sealed class DemoMaker(DemoPaths paths, int threadCount, TimeProvider time)
{
    /// <summary>Called with a sentence when a stage begins or ends.</summary>
    public IProgress<string>? Log { get; init; }

    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>Runs what is left to do.</summary>
    /// <exception cref="TrainingException">Data, recipe or work folder are unusable.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        DemoRecipe recipe = DemoRecipe.Read(paths.Recipe);
        OpenWork();
        await OnceAsync("1-texts", () => Texts(recipe, cancellationToken));
        await OnceAsync("2-tokenizer", () => Tokenizer(recipe));
        foreach (string expert in DemoCorpus.Experts)
            await OnceAsync($"3-{expert}", () => TrainPlainAsync(recipe, expert, paths.Seed("expert"), DemoCorpusFiles.ExpertFile(expert), recipe.ExpertTraining, true, cancellationToken));
        await OnceAsync("4-base", () => TrainPlainAsync(recipe, "base", paths.Seed("base"), DemoCorpusFiles.BaseFile, recipe.BaseTraining, true, cancellationToken));
        await OnceAsync("5-finetuned", () => TrainPlainAsync(recipe, "finetuned", paths.Model("base"), DemoCorpusFiles.JointFile, recipe.JointTraining, false, cancellationToken));
        await OnceAsync("6-deferring", () => TrainTogetherAsync(recipe, cancellationToken));
        await OnceAsync("7-publish", Publish);
        Log?.Report($"The demo's models are in {paths.Output}.");
    }

    private Task Texts(DemoRecipe recipe, CancellationToken cancellationToken)
    {
        DemoCorpus corpus = new(DemoLibrary.Load(paths.Data), recipe.Corpus);
        new DemoCorpusFiles(corpus, paths.Data).Write(Path.GetDirectoryName(paths.Corpus("any"))!, cancellationToken);
        return Task.CompletedTask;
    }

    private Task Tokenizer(DemoRecipe recipe)
    {
        IEnumerable<string> texts = new DemoCorpus(DemoLibrary.Load(paths.Data), recipe.Corpus).Tokenizer()
            .SelectMany(text => text.Question is null ? [text.Text] : new[] { text.Question, text.Text });
        DemoModelSeed.WriteTokenizer(paths.Tokenizer, texts, recipe.VocabularySize);
        Directory.CreateDirectory(Path.GetDirectoryName(paths.Seed("base"))!);
        DemoModelSeed.Write(paths.Seed("base"), paths.Tokenizer, recipe.BaseShape, recipe.MaxPositions);
        DemoModelSeed.Write(paths.Seed("expert"), paths.Tokenizer, recipe.ExpertShape, recipe.MaxPositions);
        return Task.CompletedTask;
    }

    private Task TrainPlainAsync(
        DemoRecipe recipe, string name, string start, string corpusFile, TrainingOptions training, bool fromScratch, CancellationToken cancellationToken) =>
        PipelineAsync(
            Options(recipe, name, start, corpusFile, training) with { Objective = TrainingObjective.Lm, FromScratch = fromScratch }, cancellationToken);

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
        CopyModel(paths.Model("deferring"), "base");
        foreach (string expert in DemoCorpus.Experts)
            CopyModel(paths.Model(expert), expert);
        return Task.CompletedTask;
    }

    private void CopyModel(string source, string name) => AtomicFolder.Write(Path.Combine(paths.Output, name), partial =>
    {
        foreach (string file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
    });

    private async Task OnceAsync(string stage, Func<Task> run)
    {
        if (File.Exists(paths.Marker(stage)))
        {
            Log?.Report($"Stage {stage} is done.");
            return;
        }

        Log?.Report($"Stage {stage} begins.");
        await run();
        AtomicFile.WriteText(paths.Marker(stage), "");
    }

    /// <summary>Makes sure that stages in the work folder come from the same data and recipe.</summary>
    private void OpenWork()
    {
        string fingerprint = Fingerprint();
        string path = Path.Combine(paths.Work, "fingerprint");
        Directory.CreateDirectory(Path.GetDirectoryName(paths.Marker("any"))!);
        if (!File.Exists(path))
            AtomicFile.WriteText(path, fingerprint);
        else if (File.ReadAllText(path) != fingerprint)
            throw new TrainingException($"{paths.Work}: it holds stages of other data or another recipe; choose another work folder or delete this one.");
    }

    private string Fingerprint()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            IEnumerable<string> files = Directory.EnumerateFiles(paths.Data, "*.json*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(paths.Data, file).Replace('\\', '/')).Order(StringComparer.Ordinal);
            foreach (string file in files)
            {
                hash.AppendData(Encoding.UTF8.GetBytes(file + "\n"));
                hash.AppendData(File.ReadAllBytes(Path.Combine(paths.Data, file)));
            }

            hash.AppendData(File.ReadAllBytes(paths.Recipe));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{paths.Data}: cannot be read, {exception.Message}", exception);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
