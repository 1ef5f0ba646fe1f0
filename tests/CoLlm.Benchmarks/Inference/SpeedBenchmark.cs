using CoLlm.Benchmarks.Rounds;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Cpu.Measuring;
using CoLlm.Inference.Measuring;
using CoLlm.Inference.Models;

namespace CoLlm.Benchmarks.Inference;

/// <summary>Matrix products, decode steps and prefill of a 1.1 B model beside what the machine reads and multiplies in the same rounds.</summary>
internal static class SpeedBenchmark
{
    public const string Name = "inference";
    public const string Summary = "Decode and prefill speed beside the machine's limits: results/inference.md";

    private const int Rounds = 7;
    private const int Context = 64;
    private const int PromptTokens = 256;

    public static Task<int> RunAsync(string[] args)
    {
        string shape = args.Length > 0 ? args[0] : "1b";
        ModelConfig config = ModelShapes.Find(shape) ?? throw new ArgumentException($"There is no shape '{shape}'.");
        ResultFile report = new("inference", "Inference on the processor", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {Name} {shape}");
        report.Line($"- Kernels: {CpuBackend.BestKernels}");
        report.Line($"- Shape {shape}: random weights, {config.LayerCount} layers, hidden {config.HiddenSize}, feed-forward {config.FeedForwardSize}, context {Context}");
        report.Line($"- {Rounds} rounds; a round takes every reading; each ratio is the median of the rounds' ratios, each figure the median of the rounds; all but the prompt are medians of 5 turns within a round");
        report.Line("- 'read' is all packed weights read once by the same threads, 'FMA' multiply-adds in registers by the same threads");
        report.Line("- Prefill operations are counted as if the last layer were computed for every row; its second half is computed for the wanted row alone (3 % of the work)");
        report.Line("- Resident is the process without its packed weights and KV cache, that is, everything else; the random source block is taken off too");
        report.Line();
        report.Line("| weights | packed | read GB/s | products / read | decode / products | decode tok/s | batch 8 / batch 1 | batch 8 tok/s | FMA GFLOP/s | prefill tok/s | prefill / FMA | resident MB |");
        report.Line("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (WeightFormat format in Enum.GetValues<WeightFormat>())
            report.Line(Measure(config, format));
        report.Line();
        report.Line("| asked for | | | 0.90 bf16, 0.88 int8, 0.80 int4 | at most 1.08 | | 4.5 bf16 | | | | 0.60 bf16 | below 200 |");
        report.Save();
        return Task.FromResult(0);
    }

    private static string Measure(ModelConfig config, WeightFormat format)
    {
        using RandomCheckpoint checkpoint = new(config);
        using CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { WeightFormat = format });
        using CpuSpeed speed = new(backend, maxBatch: 8, maxTokens: PromptTokens + Context);
        Reading[] rounds = [.. Enumerable.Range(0, Rounds).Select(_ => Reading.Take(speed))];
        double flops = 2.0 * PromptTokens * StepSpeed.LayerWeights(config);
        string name = format == WeightFormat.AsStored ? "bf16" : format.ToString().ToLowerInvariant();
        return $"| {name} | {backend.PackedWeightBytes / 1e9:0.00} GB | {Median(rounds, r => r.Read) / 1e9:0.0} "
            + $"| {Median(rounds, r => speed.PackedBytes / r.Products / r.Read):0.00} | {Median(rounds, r => r.Decode / r.Products):0.00} "
            + $"| {Median(rounds, r => 1 / r.Decode):0.0} | {Median(rounds, r => 8 * r.Decode / r.Decode8):0.00} | {Median(rounds, r => 8 / r.Decode8):0.0} "
            + $"| {Median(rounds, r => r.MultiplyAdd) / 1e9:0} | {Median(rounds, r => PromptTokens / r.Prefill):0.0} "
            + $"| {Median(rounds, r => flops / r.Prefill / r.MultiplyAdd):0.00} | {ResidentMegabytes(config, backend):0} |";
    }

    private static double ResidentMegabytes(ModelConfig config, CpuBackend backend)
    {
        long cache = backend.KvBlockBytes(16) * 8 * ((PromptTokens + Context) / 16);
        long source = 2L * config.HiddenSize * (config.VocabularySize + 512);
        return (Environment.WorkingSet - backend.PackedWeightBytes - cache - source) / 1e6;
    }

    private static double Median(Reading[] rounds, Func<Reading, double> value)
    {
        double[] sorted = [.. rounds.Select(value).Order()];
        return RoundStatistics.Percentile(sorted, 0.5);
    }

    /// <summary>One round: bytes and operations per second, and seconds; short readings are taken in turns and their medians count.</summary>
    private sealed record Reading(double Read, double Products, double Decode, double Decode8, double MultiplyAdd, double Prefill)
    {
        private const int Turns = 5;

        public static Reading Take(CpuSpeed speed)
        {
            Func<double>[] readings =
            [
                speed.ReadBandwidth, () => speed.Products(1), () => speed.Decode(1, Context), () => speed.Decode(8, Context), speed.MultiplyAddPeak,
            ];
            double[][] turns = [.. Enumerable.Range(0, Turns).Select(_ => readings.Select(reading => reading()).ToArray())];
            double[] medians = [.. readings.Select((_, i) => RoundStatistics.Percentile([.. turns.Select(turn => turn[i]).Order()], 0.5))];
            return new Reading(medians[0], medians[1], medians[2], medians[3], medians[4], speed.Prefill(PromptTokens));
        }
    }
}
