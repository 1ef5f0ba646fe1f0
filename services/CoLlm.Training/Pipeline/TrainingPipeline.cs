using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;
using CoLlm.Inference.Tokenization;
using CoLlm.Training.Data;
using CoLlm.Training.Kernels;
using CoLlm.Training.Model;
using CoLlm.Training.Output;
using CoLlm.Training.Running;
using CoLlm.Training.Scoring;

namespace CoLlm.Training.Pipeline;

/// <summary>
/// From domain text to a model that knows when to defer. 1 format the examples; 2 score them with base and experts; 3 label;
/// 4 give the swap head its start; 5 train; 6 write the model and calibrate. Every stage lies in the work folder, and a run that
/// was killed goes on where it was.
/// </summary>
/// <param name="options">Settings.</param>
/// <param name="renderer">The model's chat template; null where it has none.</param>
/// <param name="openExpert">Makes the scorer of an expert with a directory here, given the shared vocabulary.</param>
/// <param name="time">Measures speed.</param>
public sealed class TrainingPipeline(
    PipelineOptions options, IConversationRenderer? renderer, Func<ExpertSource, int, ITokenScorer> openExpert, TimeProvider time)
{
    /// <summary>Name of the swap head's file in the output directory.</summary>
    public const string SwapHeadFileName = "swap_head.safetensors";

    private readonly List<ExpertFacts> _experts = [];

    /// <summary>Called with a sentence when a stage begins or ends.</summary>
    public IProgress<string>? Log { get; init; }

    public IProgress<TrainingProgress>? Progress { get; init; }

    /// <summary>
    /// Puts the model in the output directory and its experts together where one of those is elsewhere; calibration needs it then.
    /// Where all are here, they answer in this process.
    /// </summary>
    public Func<PipelineOptions, CancellationToken, Task<ICollaboration>>? OpenCollaboration { get; init; }

    /// <summary>Runs what is left to do; the output directory appears when training is complete.</summary>
    /// <exception cref="TrainingException">A setting, a file or the data is unusable.</exception>
    /// <exception cref="CheckpointException">A model directory is unusable.</exception>
    /// <exception cref="Inference.Backends.DeviceUnavailableException">The device to train on is.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        options.Validate();
        TrainingDevices.Require(options.Training);
        OutputFolder.Check(options);
        if (HasExpertElsewhere && options.Validation is not null && OpenCollaboration is null)
            throw new TrainingException("Calibration needs every expert in a directory here; leave the validation examples out, or give directories.");
        ModelConfig config = ModelConfigReader.Read(options.Model);
        Tokenizer tokenizer = Tokenizer.Load(options.Model);
        _experts.Clear();
        foreach (ExpertSource expert in options.Experts)
            _experts.Add(await ExpertFacts.LearnAsync(expert, Log, cancellationToken));
        int usable = UsableVocabulary(config, tokenizer);
        string[] fingerprints = [BaseFingerprint(config), .. _experts.Select(expert => expert.Fingerprint)];
        WorkFolder work = WorkFolder.Open(options, fingerprints);

        foreach (ExpertFacts expert in _experts)
            await expert.RequireTokenizerAsync(tokenizer, options.Model, usable, Log, cancellationToken);
        IReadOnlyList<FormattedSequence> sequences = Format(options.Data, work.Sequences, tokenizer, usable); // 1
        using ComputeContext compute = new(options.Training.ThreadCount);
        TrainableModel model = LoadModel(config);
        Parameter? theta = null;
        IReadOnlyList<TrainingSequence> training;
        if (options.Objective == TrainingObjective.Collm)
        {
            ScoredData scored = await ScoreAsync(work, sequences, tokenizer, usable, cancellationToken); // 2
            training = scored.ToTraining(sequences);
            IReadOnlyList<bool[]> labels = LabelStage.Run(work, options, scored.Base, scored.Experts); // 3
            theta = new HeadStage(options, work, Progress, Log).Run(compute, model, training, labels, cancellationToken); // 4
        }
        else
        {
            training = [.. sequences.Select(sequence => new TrainingSequence(sequence.TokenIds, sequence.IsTarget, []))];
        }

        int columnCount = options.Objective == TrainingObjective.Lm ? config.VocabularySize : usable;
        Train(work, compute, model, theta, training, columnCount, cancellationToken); // 5
        WriteOutput(compute, model, theta, tokenizer, fingerprints[1..], calibration: null); // 6
        if (theta is not null && options.Validation is not null)
        {
            CalibrationTable table = await CalibrateAsync(work, compute, model, theta, tokenizer, usable, cancellationToken);
            WriteOutput(compute, model, theta, tokenizer, fingerprints[1..], table);
        }

        Log?.Report($"The trained model is in {options.Output}.");
    }

    private bool HasExpertElsewhere => options.Experts.Any(expert => expert.Address is not null);

    private IReadOnlyList<FormattedSequence> Format(string data, string target, Tokenizer tokenizer, int usable)
    {
        if (!File.Exists(target))
        {
            Log?.Report($"Formatting {data}.");
            SequenceFormatter formatter = new(tokenizer, renderer, LongestSequence());
            SequenceFile.Write(target, DatasetReader.Read(data).Select(formatter.Format).OfType<FormattedSequence>());
        }

        IReadOnlyList<FormattedSequence> sequences = SequenceFile.Read(target);
        if (sequences.Count == 0)
            throw new TrainingException($"{data}: no example has a token to learn within {options.MaxSequenceTokens} tokens.");
        for (int i = 0; i < sequences.Count; i++)
        {
            if (sequences[i].TokenIds.FirstOrDefault(id => (uint)id >= (uint)usable, -1) is var id and not -1)
                throw new TrainingException($"{target}: line {i + 1} has token id {id}, but the models share only the ids below {usable}.");
        }

        long targets = sequences.Sum(sequence => (long)sequence.TargetRows.Count());
        Log?.Report($"{data}: {sequences.Count} sequences, {sequences.Sum(sequence => (long)sequence.TokenIds.Length)} tokens, {targets} of them to learn.");
        return sequences;
    }

    private async Task<ScoredData> ScoreAsync(
        WorkFolder work, IReadOnlyList<FormattedSequence> sequences, Tokenizer tokenizer, int usable, CancellationToken cancellationToken)
    {
        ITokenScorer OpenBase() => TokenScorers.Open(options.Model, usable, options.Training.ThreadCount);
        IReadOnlyList<TokenScores> ofBase = await ScoreWithAsync("the base", work.BaseScores, OpenBase, sequences, cancellationToken);
        return new ScoredData(ofBase, await ScoreWithExpertsAsync(work.ExpertScores, sequences, tokenizer, usable, cancellationToken));
    }

    private async Task<IReadOnlyList<IReadOnlyList<TokenScores>>> ScoreWithExpertsAsync(
        Func<string, string> path, IReadOnlyList<FormattedSequence> sequences, Tokenizer tokenizer, int usable, CancellationToken cancellationToken)
    {
        List<IReadOnlyList<TokenScores>> scores = [];
        foreach (ExpertFacts expert in _experts)
        {
            ITokenScorer Open() => expert.Source.Address is null ? openExpert(expert.Source, usable) : expert.OpenRemote(tokenizer, usable, Log);
            scores.Add(await ScoreWithAsync(expert.Source.Name, path(expert.Source.Name), Open, sequences, cancellationToken));
        }

        return scores;
    }

    private async Task<IReadOnlyList<TokenScores>> ScoreWithAsync(
        string name, string path, Func<ITokenScorer> open, IReadOnlyList<FormattedSequence> sequences, CancellationToken cancellationToken)
    {
        ScoreFile file = new(path);
        if (file.CompleteLineCount() < sequences.Count)
        {
            Log?.Report($"Scoring with {name}.");
            await using ITokenScorer scorer = open();
            IProgress<int>? progress = Progress is null ? null : new ScoreProgress(Progress, $"score {name}", sequences.Count);
            await ScoreStage.RunAsync(scorer, sequences, file, progress, cancellationToken);
        }

        return file.Read(sequences);
    }

    private async Task<CalibrationTable> CalibrateAsync(
        WorkFolder work, ComputeContext compute, TrainableModel model, Parameter theta, Tokenizer tokenizer, int usable, CancellationToken cancellationToken)
    {
        IReadOnlyList<FormattedSequence> validation = Format(options.Validation!, work.ValidationSequences, tokenizer, usable);
        IReadOnlyList<IReadOnlyList<TokenScores>> experts = await ScoreWithExpertsAsync(work.ValidationScores, validation, tokenizer, usable, cancellationToken);
        RocCurve? roc = ValidationRoc.Of(options, compute, model, theta, validation, experts, usable);
        return await new CalibrationStage(options, work, renderer, Open, Log).RunAsync(tokenizer, roc, cancellationToken);

        Task<ICollaboration> Open(CancellationToken token) => HasExpertElsewhere
            ? OpenCollaboration!(options, token)
            : Task.FromResult<ICollaboration>(new LocalCollaboration(options.Output, options.Experts, tokenizer, usable, options.Training.ThreadCount));
    }

    private void Train(
        WorkFolder work, ComputeContext compute, TrainableModel model, Parameter? theta, IReadOnlyList<TrainingSequence> training, int columnCount,
        CancellationToken cancellationToken)
    {
        TrainerState state = new(model, theta, options.Training);
        CheckpointStore checkpoints = new(work.Checkpoints, Path.Combine(options.Model, "config.json"), work.Fingerprint);
        int firstStep = checkpoints.Restore(state);
        Log?.Report(firstStep == 0 ? "Training." : $"Training goes on after step {firstStep}.");
        using MetricsFile metrics = new(work.Metrics, firstStep, Progress);
        using ITrainingDevice device = TrainingDevices.Open(compute, state, options.Training, columnCount);
        new Trainer(device, state, options.Training, time) { FirstStep = firstStep }
            .Run(training, metrics, step => checkpoints.Write(state, step), cancellationToken);
    }

    private void WriteOutput(
        ComputeContext compute, TrainableModel model, Parameter? theta, Tokenizer tokenizer, IReadOnlyList<string> expertFingerprints,
        CalibrationTable? calibration) =>
        AtomicFolder.Write(Path.TrimEndingDirectorySeparator(options.Output), folder =>
        {
            ModelFolder.Write(folder, options.Model, ModelFolder.MergedTensors(compute, model), options.Format);
            if (theta is null)
                return;
            ExpertIdentity[] experts = [.. options.Experts.Zip(expertFingerprints, (expert, fingerprint) => new ExpertIdentity(expert.Name, fingerprint))];
            SwapHeadIdentity trainedWith = new(FingerprintOf(folder), tokenizer.Fingerprint, experts);
            new SwapHeadFile(new SwapHead(theta.Value.Span, model.Config.HiddenSize), trainedWith, calibration).Write(Path.Combine(folder, SwapHeadFileName));
        });

    private TrainableModel LoadModel(ModelConfig config)
    {
        if (options.FromScratch)
            return ModelWeights.Initialize(config, options.Training.Seed, options.SeedsCopying);
        using Checkpoint checkpoint = Checkpoint.Open(options.Model);
        return ModelWeights.Load(checkpoint);
    }

    // No model sees a longer sequence than it was made for.
    private int LongestSequence() => _experts.Select(expert => expert.MaxPositionCount)
        .Append(ModelConfigReader.Read(options.Model).MaxPositionCount).Append(options.MaxSequenceTokens).Min();

    // Ids that base, experts and tokenizer all have; the rest must never be emitted. A base of the research convention ends
    // with a padding row and an old swap head, which belong to no softmax.
    private int UsableVocabulary(ModelConfig config, Tokenizer tokenizer)
    {
        bool hasDeferralRow = tokenizer.TokenId(ResearchConvention.DeferralToken) == config.VocabularySize - 1;
        int ofBase = config.VocabularySize - (hasDeferralRow ? ResearchConvention.AddedRowCount : 0);
        return _experts.Select(expert => expert.VocabularySize).Append(ofBase).Append(tokenizer.VocabularySize).Min();
    }

    private string BaseFingerprint(ModelConfig config) => options.FromScratch ? config.ToString() : FingerprintOf(options.Model);

    private static string FingerprintOf(string directory)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        return checkpoint.Fingerprint;
    }
}
