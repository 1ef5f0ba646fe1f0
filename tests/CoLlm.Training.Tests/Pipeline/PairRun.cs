using CoLlm.Testing;
using CoLlm.Training.Data;
using CoLlm.Training.Pipeline;
using CoLlm.Training.Running;
using CoLlm.Training.Scoring;

namespace CoLlm.Training.Tests.Pipeline;

/// <summary>A pipeline over the golden pair of base and expert with a handful of examples, in a folder of its own.</summary>
internal sealed class PairRun : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public PairRun()
    {
        _folder.Write("data.jsonl", """
            {"messages":[{"role":"user","content":"What is two plus two?"},{"role":"assistant","content":"It is four."}]}
            {"prompt":"The bear","completion":" slept in a cave."}
            {"text":"A plain line of running text."}
            {"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."},{"role":"user","content":"Bye"},{"role":"assistant","content":"So long."}]}
            {"prompt":"Five times five is","completion":" twenty-five."}

            """);
        _folder.Write("validation.jsonl", """
            {"prompt":"The bear","completion":" slept."}
            {"messages":[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."}]}

            """);
        Options = new PipelineOptions
        {
            Model = RepositoryPaths.Golden("models", "pair-base"),
            Experts = [new ExpertSource("helper", RepositoryPaths.Golden("models", "pair-expert"))],
            Data = _folder.File("data.jsonl"),
            Validation = _folder.File("validation.jsonl"),
            Work = _folder.File("work"),
            Output = _folder.File("model"),
            MaxAnswerTokens = 8,
            HeadFit = new HeadFitOptions { LearningRate = 1e-2, BatchSequences = 2 },
            Training = new TrainingOptions { LearningRate = 1e-3, BatchSequences = 2, Epochs = 2, CheckpointEverySteps = 2, ThreadCount = 1 },
        };
    }

    public PipelineOptions Options { get; set; }

    public List<string> Log { get; } = [];

    public List<TrainingProgress> Progress { get; } = [];

    public string Work(string name) => Path.Combine(Options.Work, name);

    public string Output(string name) => Path.Combine(Options.Output, name);

    public string File(string name) => _folder.File(name);

    public Task RunAsync(Action<TrainingProgress>? onProgress = null) => new TrainingPipeline(
        Options, ChatTemplateRenderer.Load(Options.Model), (expert, usable) => new LocalTokenScorer(expert.Directory, usable, 1), TimeProvider.System)
    {
        Log = new Callback<string>(Log.Add),
        Progress = new Callback<TrainingProgress>(progress =>
        {
            Progress.Add(progress);
            onProgress?.Invoke(progress);
        }),
    }.RunAsync(CancellationToken.None);

    public void Dispose() => _folder.Dispose();

    private sealed class Callback<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
