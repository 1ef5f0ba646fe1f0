using System.Globalization;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;
using CoLlm.Training.Model;
using CoLlm.Training.Optimization;
using CoLlm.Training.Running;

namespace CoLlm.Benchmarks.Training;

/// <summary>Training steps of demo-sized models against the processor's rate of fused multiply-adds in the same rounds.</summary>
internal static class TrainingBenchmark
{
    public const string Name = "training";
    public const string Summary = "Training tokens per second and the share of the FMA peak, for models of a few million parameters.";

    private const int SequenceTokens = 129;
    private const int SequencesPerStep = 32;
    private const double TargetShare = 0.35;

    public static async Task<int> RunAsync(string[] args)
    {
        int threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : Environment.ProcessorCount;
        ResultFile report = new("training", "Training speed", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {Name}");
        report.Line($"- {threads} threads, {SequencesPerStep} sequences of {SequenceTokens - 1} rows a step, all tokens targets, every weight trained, AdamW in fp32");
        report.Line();
        report.Line("| model | parameters | tokens/s | GFLOP/s | FMA peak GFLOP/s | share | asked for |");
        report.Line("|---|---:|---:|---:|---:|---:|---:|");
        bool isFastEnough = true;
        foreach ((string name, ModelConfig config) in new[] { ("hidden 256, 6 layers", Demo(256, 688)), ("hidden 384, 6 layers", Demo(384, 1024)) })
        {
            using ComputeContext compute = new(threads);
            Step step = new(compute, config);
            IReadOnlyList<RoundStatistics> rows = await InterleavedRounds.RunAsync(
                [Contender.Timed("fma peak", () => PeakLoop.Run(compute.Pool)), Contender.Timed(name, step.Run)], rounds: 7, operations: 3, warmupOperations: 3);
            double peak = PeakLoop.Flops(threads) / rows[0].Median / 1e3;
            double reached = step.Flops / rows[1].Median / 1e3;
            isFastEnough &= reached / peak >= TargetShare;
            report.Line(
                $"| {name} | {step.ParameterCount / 1e6:0.0} M | {step.Rows / rows[1].Median * 1e6:0} | {reached:0} | {peak:0} | {reached / peak:P0} | {TargetShare:P0} |");
        }

        report.Save();
        return isFastEnough ? 0 : 1;
    }

    private static ModelConfig Demo(int hidden, int feedForward) => new()
    {
        Architecture = ModelArchitecture.Llama,
        HiddenSize = hidden,
        LayerCount = 6,
        HeadCount = hidden / 32,
        KeyValueHeadCount = hidden / 64,
        HeadDim = 32,
        FeedForwardSize = feedForward,
        VocabularySize = 4096,
        MaxPositionCount = 512,
        RmsNormEpsilon = 1e-5f,
        RopeTheta = 10_000,
        TiesEmbeddings = true,
        EosTokenIds = [],
    };

    /// <summary>One optimizer step on random tokens, with its arithmetic counted: two operations per weight and row forward, four backward.</summary>
    private sealed class Step
    {
        private readonly Trainer _trainer;
        private readonly TrainingSequence[] _sequences;

        public Step(ComputeContext compute, ModelConfig config)
        {
            TrainableModel model = ModelWeights.Initialize(config, seed: 1);
            TrainingOptions options = new()
            {
                Epochs = 1,
                BatchSequences = SequencesPerStep,
                Optimizer = new AdamWOptions(),
                CheckpointEverySteps = 0,
                ThreadCount = compute.Pool.WorkerCount,
            };
            Random random = new(1);
            _sequences = [.. Enumerable.Range(0, SequencesPerStep).Select(_ =>
                TrainingSequence.Whole([.. Enumerable.Range(0, SequenceTokens).Select(_ => random.Next(config.VocabularySize))]))];
            _trainer = new Trainer(compute, new TrainerState(model, theta: null, options), options, config.VocabularySize, TimeProvider.System);
            Rows = SequencesPerStep * (SequenceTokens - 1);
            ParameterCount = model.Parameters.Sum(parameter => (long)parameter.Value.Length);
            long attention = 2L * config.LayerCount * (SequenceTokens - 1) * config.HeadCount * config.HeadDim / 2;
            Flops = 6.0 * Rows * (model.Parameters.Where(parameter => parameter.Shape.Count == 2).Sum(parameter => (long)parameter.Value.Length) + attention);
        }

        public int Rows { get; }

        public long ParameterCount { get; }

        public double Flops { get; }

        public void Run() => _trainer.Run(_sequences, null, null, CancellationToken.None);
    }
}
