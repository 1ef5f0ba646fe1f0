using System.Globalization;
using System.Text.Json;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Benchmarks.Transport;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Cpu.Measuring;

namespace CoLlm.Benchmarks.Inference;

/// <summary>
/// Our speed beside llama.cpp's on the same weights, with the same number of threads, in turns. The peer is a process that
/// answers lines (<c>peer-llama-cpp.mjs</c> beside this file); it waits while we measure and the other way round.
/// </summary>
internal static class PeerBenchmark
{
    public const string Name = "inference-peer";
    public const string Summary = "Beside llama.cpp: MODEL_DIR FOLDER_WITH_NODE_MODULES FORMAT=MODEL.gguf..., FORMAT bf16, int8 or int4: results/inference-peer-FORMATS.md";

    private const int Rounds = 7;
    private const int PromptRounds = 3;
    private const int Turns = 5;
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);
    private const int Context = 64;
    private const int PromptTokens = 256;
    private const int MaxBatch = 8;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length < 3)
        {
            await Console.Error.WriteLineAsync(Summary);
            return 2;
        }
        int threads = Environment.ProcessorCount;
        string[] formats = [.. args[2..].Select(pair => pair.Split('=')[0])];
        ResultFile report = new(
            $"inference-peer-{string.Join('-', formats)}",
            "Inference beside llama.cpp",
            $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {Name} MODEL_DIR NODE_FOLDER {string.Join(' ', formats.Select(format => format + "=MODEL.gguf"))}");
        report.Line($"- Kernels: {CpuBackend.BestKernels}");
        report.Line($"- Same weights as safetensors and as GGUF (bf16; q8_0 beside int8, q4_0 beside int4), {threads} threads each, in turns: {Rounds} rounds of {Turns} steps, of which the median counts (prompts: {PromptRounds} rounds of one)");
        report.Line($"- Decode at {Context} tokens of context, prompt of {PromptTokens} tokens; ratio is ours over theirs, median of the rounds' ratios");
        List<string> rows = [];
        foreach (string pair in args[2..])
        {
            string[] parts = pair.Split('=', 2);
            (string peer, IEnumerable<string> lines) = await CompareAsync(args[0], args[1], parts[0], parts[1], threads);
            if (rows.Count == 0)
                report.Line($"- llama.cpp of node-llama-cpp {VersionOf(args[1])}: {peer}");
            rows.AddRange(lines);
        }

        report.Line();
        report.Line("| weights | work | ours tok/s | llama.cpp tok/s | ratio | asked for |");
        report.Line("|---|---|---:|---:|---:|---:|");
        rows.ForEach(report.Line);
        report.Save();
        return 0;
    }

    private static string VersionOf(string nodeFolder)
    {
        using JsonDocument package = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(nodeFolder, "node_modules", "node-llama-cpp", "package.json")));
        return package.RootElement.GetProperty("version").GetString()!;
    }

    /// <summary>What the peer says of itself, and a row for each kind of work.</summary>
    private static async Task<(string Peer, IEnumerable<string> Rows)> CompareAsync(string directory, string nodeFolder, string weights, string gguf, int threads)
    {
        WeightFormat format = weights switch { "int8" => WeightFormat.Int8, "int4" => WeightFormat.Int4, _ => WeightFormat.AsStored };
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        using CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { WeightFormat = format, ThreadCount = threads });
        using CpuSpeed speed = new(backend, MaxBatch, PromptTokens + Context);
        using ChildProcess peer = new(
            "node", Path.Combine(AppContext.BaseDirectory, "Inference", "peer-llama-cpp.mjs"), nodeFolder, gguf, $"{threads}", $"{MaxBatch}");
        string about = (await peer.ReadAsync())["ready ".Length..];
        await peer.AskAsync($"fill {MaxBatch} {Context}");

        Work[] works =
        [
            new("decode, batch 1", 1, () => speed.Decode(1, Context), $"decode 1 {Context}", weights == "bf16" ? "0.95" : "1.1"),
            new("decode, batch 8", MaxBatch, () => speed.Decode(MaxBatch, Context), $"decode {MaxBatch} {Context}", weights switch { "bf16" => "1.4", "int8" => "3", _ => "" }),
            new("prompt", PromptTokens, () => speed.Prefill(PromptTokens), $"prefill {PromptTokens}", weights == "bf16" ? "1.3" : ""),
        ];
        List<string> lines = [];
        foreach (Work work in works)
        {
            List<(double Ours, double Theirs)> rounds = [];
            bool isPrompt = work.Tokens == PromptTokens;
            for (int round = 0; round < (isPrompt ? PromptRounds : Rounds); round++)
            {
                double[] ours = new double[isPrompt ? 1 : Turns];
                double[] theirs = new double[ours.Length];
                for (int turn = 0; turn < ours.Length; turn++)
                    ours[turn] = work.Tokens / work.Ours();
                for (int turn = 0; turn < ours.Length; turn++)
                    theirs[turn] = work.Tokens / double.Parse(await peer.AskAsync(work.Command), CultureInfo.InvariantCulture);
                await Task.Delay(Settling); // its threads go on polling for a while after a step
                rounds.Add((RoundStatistics.MedianOf(ours), RoundStatistics.MedianOf(theirs)));
            }
            lines.Add($"| {weights} | {work.Name} | {RoundStatistics.MedianOf(rounds.Select(r => r.Ours)):0.0} | {RoundStatistics.MedianOf(rounds.Select(r => r.Theirs)):0.0} "
                + $"| {RoundStatistics.MedianOf(rounds.Select(r => r.Ours / r.Theirs)):0.00} | {work.Asked} |");
            Console.WriteLine(lines[^1]);
        }
        return (about, lines);
    }


    private sealed record Work(string Name, int Tokens, Func<double> Ours, string Command, string Asked);
}
