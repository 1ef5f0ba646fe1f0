using CoLlm.Benchmarks.Collaboration;
using CoLlm.Benchmarks.Rounds;
using Grpc.Net.Client;

namespace CoLlm.Benchmarks.Telemetry;

/// <summary>What being watched costs an answer: two pairs of router and expert, alike but for telemetry, answer the same requests in turns.</summary>
internal static class TelemetryBenchmark
{
    public const string Name = "telemetry";
    public const string Summary = "An answer with and without traces, metrics and logs exported: results/telemetry.md";

    private const int Rounds = 31;
    private const float Threshold = 0.5f;

    private static int _number;

    public static async Task<int> RunAsync(string[] args)
    {
        using GeneratedModels models = new();
        using ServiceProcess sink = await ServiceProcess.StartAsync("sink", "");
        string[] off = ["OTEL_SDK_DISABLED=true"];
        string[] on =
        [
            "OTEL_EXPORTER_OTLP_ENDPOINT=" + sink.Address, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_BSP_SCHEDULE_DELAY=1000",
            "OTEL_METRIC_EXPORT_INTERVAL=1000",
        ];
        string[] unsampled = [.. on, "OTEL_TRACES_SAMPLER=always_off"];
        await using Pair without = await Pair.StartAsync(models, "off", off);
        await using Pair sampled = await Pair.StartAsync(models, "on", on);
        await using Pair metricsAlone = await Pair.StartAsync(models, "unsampled", unsampled);
        IReadOnlyList<RoundStatistics> rows = await InterleavedRounds.RunAsync(
            [Each("off", without), Each("metrics and logs", metricsAlone), Each("metrics, logs and traces", sampled)], Rounds, operations: 1, warmupOperations: 2);

        ResultFile file = new("telemetry", "What telemetry costs an answer", "dotnet run -c Release --project tests/CoLlm.Benchmarks -- telemetry");
        file.Line($"- Router and expert as processes on loopback, {RouterAnswer.AnswerTokens} tokens, threshold {Threshold}; export every second to a collector on the same machine");
        file.Line($"- {Rounds} interleaved rounds, one answer each; `off` is OTEL_SDK_DISABLED=true, the last row samples every request");
        file.Table("Time of an answer", "ms", rows);
        (double token, double question) = await RecordingCost.MeasureAsync();
        double share = RouterAnswer.AnswerTokens * (token + question) / (1000 * rows[0].Median);
        file.Line();
        file.Line("## Recording alone, OpenTelemetry listening inside a sampled call");
        file.Line();
        file.Line($"A token takes {token:0.00} us, a question to an expert {question:0.00} us: {100 * share:0.000} % of the answer above if every token were deferred.");
        file.Save();
        return 0;
    }

    private static Contender Each(string name, Pair pair) => new(name, async count =>
    {
        double[] milliseconds = new double[count];
        for (int i = 0; i < count; i++)
            milliseconds[i] = (await RouterAnswer.AskAsync(pair.Channel, ++_number, Threshold)).Time.TotalMilliseconds;
        return milliseconds;
    });

    /// <summary>A router and its expert under one set of variables.</summary>
    private sealed class Pair(ServiceProcess expert, ServiceProcess router) : IAsyncDisposable
    {
        public GrpcChannel Channel { get; } = GrpcChannel.ForAddress(router.Address);

        public static async Task<Pair> StartAsync(GeneratedModels models, string name, string[] environment)
        {
            string expertFile = ServicePair.Save(models, $"expert-{name}.json", ServicePair.ExpertSettings(models.Weights, null, (GeneratedModels.ExpertName, models.ExpertDirectory)));
            ServiceProcess expert = await ServiceProcess.StartAsync("expert", expertFile, environment);
            string routerFile = ServicePair.Save(models, $"router-{name}.json", ServicePair.RouterSettings(models, expert.Address));
            return new Pair(expert, await ServiceProcess.StartAsync("router", routerFile, environment));
        }

        public ValueTask DisposeAsync()
        {
            Channel.Dispose();
            router.Dispose();
            expert.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
