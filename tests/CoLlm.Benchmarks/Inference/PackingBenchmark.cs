using CoLlm.Benchmarks.Collaboration;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Cpu.Measuring;
using CoLlm.Inference.Models;
using CoLlm.Testing;
using Microsoft.Win32.SafeHandles;

namespace CoLlm.Benchmarks.Inference;

/// <summary>How fast a checkpoint is packed into its cache file, beside a plain copy of the checkpoint, and what loading takes from then on.</summary>
internal static class PackingBenchmark
{
    public const string Name = "inference-packing";
    public const string Summary = "Packing a checkpoint into its cache file beside a plain copy: results/inference-packing.md";

    private const int Rounds = 5;
    private const int BlockBytes = 1 << 20;
    private const double TargetGigabytesPerSecond = 1;

    private static readonly ModelConfig Shape = ModelShapes.Find("1b")! with { LayerCount = 8 };

    public static async Task<int> RunAsync(string[] args)
    {
        using TemporaryDirectory folder = new();
        string model = Directory.CreateDirectory(folder.File("model")).FullName;
        RandomWeightsFile.WriteDirectory(model, Shape, seed: 1);
        string weights = Path.Combine(model, "model.safetensors");
        double gigabytes = new FileInfo(weights).Length / 1e9;
        string cache = folder.File("cache");

        IReadOnlyList<RoundStatistics> rows = await InterleavedRounds.RunAsync(
            [
                Contender.Timed("plain copy, brought to the disk", () => Copy(weights, folder.File("copy"))),
                Contender.Timed("packed as stored", () => LoadAfresh(model, cache, WeightFormat.AsStored)),
                Contender.Timed("packed in 8 bits", () => LoadAfresh(model, cache, WeightFormat.Int8)),
                Contender.Timed("packed in 4 bits", () => LoadAfresh(model, cache, WeightFormat.Int4)),
                Contender.Timed("loaded again", () => Load(model, folder.File("kept"), WeightFormat.AsStored)),
            ],
            Rounds, operations: 1, warmupOperations: 1);

        ResultFile report = new(Name, "Packing a checkpoint", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {Name}");
        report.Line($"- {gigabytes:0.00} GB of bfloat16 in one safetensors file, in the page cache; {Environment.ProcessorCount} threads; {Rounds} interleaved rounds, medians");
        report.Line("- Packing ends when its file is on the disk (fsync), renamed and mapped; the copy reads and writes blocks of 1 MiB on as many threads, and ends with an fsync");
        report.Line();
        report.Line("| | ms | GB/s of the checkpoint | time / plain copy | rounds, ms |");
        report.Line("|---|---:|---:|---:|---:|");
        foreach (RoundStatistics row in rows)
            report.Line($"| {row.Name} | {row.Median / 1e3:0} | {gigabytes / (row.Median / 1e6):0.00} | {row.MedianRatio:0.00} | {row.Lowest / 1e3:0} to {row.Highest / 1e3:0} |");
        bool isReached = gigabytes / (rows[1].Median / 1e6) > TargetGigabytesPerSecond;
        report.Line();
        report.Line($"Asked for: packed once at above {TargetGigabytesPerSecond} GB/s: {(isReached ? "reached" : "**missed**")}.");
        report.Save();
        return isReached ? 0 : 1;
    }

    private static void LoadAfresh(string model, string cache, WeightFormat format)
    {
        if (Directory.Exists(cache))
            Directory.Delete(cache, recursive: true);
        Load(model, cache, format);
    }

    private static void Load(string model, string cache, WeightFormat format)
    {
        using Checkpoint checkpoint = Checkpoint.Open(model);
        using CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { CacheDirectory = cache, WeightFormat = format });
    }

    private static void Copy(string from, string to)
    {
        File.Delete(to);
        using SafeFileHandle source = File.OpenHandle(from);
        long length = RandomAccess.GetLength(source);
        using SafeFileHandle target = File.OpenHandle(to, FileMode.CreateNew, FileAccess.Write, preallocationSize: length);
        int blocks = (int)((length + BlockBytes - 1) / BlockBytes);
        ParallelOptions asPacking = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, blocks, asPacking, () => new byte[BlockBytes], (block, _, buffer) =>
        {
            int count = RandomAccess.Read(source, buffer, (long)block * BlockBytes);
            RandomAccess.Write(target, buffer.AsSpan(0, count), (long)block * BlockBytes);
            return buffer;
        }, static _ => { });
        RandomAccess.FlushToDisk(target);
    }
}
