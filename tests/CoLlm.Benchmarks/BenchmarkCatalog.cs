using CoLlm.Benchmarks.Collaboration;
using CoLlm.Benchmarks.Inference;
using CoLlm.Benchmarks.Telemetry;
using CoLlm.Benchmarks.Transport;

namespace CoLlm.Benchmarks;

/// <summary>Every benchmark by name; each is run alone, because they would disturb each other.</summary>
internal static class BenchmarkCatalog
{
    private static readonly Dictionary<string, (string Summary, Func<string[], Task<int>> Run)> Benchmarks = new(StringComparer.Ordinal)
    {
        [SpeedBenchmark.Name] = (SpeedBenchmark.Summary, SpeedBenchmark.RunAsync),
        [PeerBenchmark.Name] = (PeerBenchmark.Summary, PeerBenchmark.RunAsync),
        [LatencyBenchmark.Name] = (LatencyBenchmark.Summary, LatencyBenchmark.RunAsync),
        [PackingBenchmark.Name] = (PackingBenchmark.Summary, PackingBenchmark.RunAsync),
        [QualityBenchmark.Name] = (QualityBenchmark.Summary, QualityBenchmark.RunAsync),
        [Training.TrainingBenchmark.Name] = (Training.TrainingBenchmark.Summary, Training.TrainingBenchmark.RunAsync),
        [Tokenization.TokenizationBenchmark.Name] = (Tokenization.TokenizationBenchmark.Summary, Tokenization.TokenizationBenchmark.RunAsync),
        [CollaborationBenchmark.Name] = (CollaborationBenchmark.Summary, CollaborationBenchmark.RunAsync),
        [TelemetryBenchmark.Name] = (TelemetryBenchmark.Summary, TelemetryBenchmark.RunAsync),
        [ServiceProcess.Name] = (ServiceProcess.Summary, ServiceProcess.RunAsync),
        ["transport"] = ("gRPC against the raw HTTP/2 below it, grpc-js and grpcio: results/transport.md", TransportBenchmark.RunAsync),
        ["transport-server"] = ("The server process that transport starts", TransportServer.RunAsync),
    };

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length > 0 && Benchmarks.TryGetValue(args[0], out var benchmark))
            return await benchmark.Run(args[1..]);

        await Console.Error.WriteLineAsync("Usage: dotnet run -c Release --project tests/CoLlm.Benchmarks -- NAME [options], NAME one of:");
        foreach ((string name, var entry) in Benchmarks.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            await Console.Error.WriteLineAsync($"  {name,-24} {entry.Summary}");
        return 2;
    }
}
