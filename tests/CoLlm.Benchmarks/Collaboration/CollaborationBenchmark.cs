using System.Diagnostics;
using System.Text.Json;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Decoding;
using CoLlm.Inference.Sampling;
using Grpc.Net.Client;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>Router and expert as two processes on loopback: what a deferral costs, and what of an answer's time is not spent in the models.</summary>
internal static class CollaborationBenchmark
{
    public const string Name = "collaboration";
    public const string Summary = "Router and expert on loopback, beside decoding as the research code does: results/collaboration.md";

    private const int Rounds = 11;
    private const int ConcurrentRequests = 16;

    /// <summary>Before the runtime has compiled all of it for good, answers written at the same time are up to a quarter slower.</summary>
    private const int ConcurrentWarmUp = 4;

    private const float TargetRate = 0.3f;

    private static int _number;

    public static async Task<int> RunAsync(string[] args)
    {
        using GeneratedModels models = new();
        using ServiceProcess expert = await ServiceProcess.StartAsync("expert", Save(models, "expert.json", ExpertSettings(models)));
        using ServiceProcess router = await ServiceProcess.StartAsync("router", Save(models, "router.json", RouterSettings(models, expert.Address)));
        using ServiceProcess research = await ServiceProcess.StartAsync("research", models.ExpertDirectory);
        using GrpcChannel expertChannel = GrpcChannel.ForAddress(expert.Address);
        using GrpcChannel routerChannel = GrpcChannel.ForAddress(router.Address);
        using HttpClient researchClient = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(research.Address) };
        await using LocalBase local = new(models);

        CollaborationReport report = new();
        float threshold = await FindThresholdAsync(routerChannel);
        report.Configure(threshold, Rounds);
        report.Asks(await RoundTrips.MeasureAsync(expertChannel));
        List<RouterAnswer> answers = [];
        List<DecodingSummary> baseline = [];
        Contender[] contenders = Contenders(local, routerChannel, expertChannel, researchClient, threshold, answers, baseline);
        report.Answers(await InterleavedRounds.RunAsync(contenders, Rounds, operations: 1, warmupOperations: 1));
        using (DirectSession opened = await DirectSession.OpenAsync(expertChannel, RouterAnswer.NewPrompt(++_number), 2048))
            report.Costs(answers, baseline, opened.OpeningBytes);
        report.Concurrency(await MeasureTogetherAsync(routerChannel, expert, threshold));
        return report.Save() ? 0 : 1;
    }

    private static Contender[] Contenders(
        LocalBase local, GrpcChannel router, GrpcChannel expert, HttpClient research, float threshold, List<RouterAnswer> answers,
        List<DecodingSummary> baseline)
    {
        FloorReplay floor = new(local, expert);
        return
        [
            Each("forward passes alone", async () => await floor.MeasureAsync(answers.Count > 0 ? answers[^1] : await AnswerAsync())),
            Each("router and expert", async () => (await AnswerAsync()).Time),
            Each("as the research code", async () =>
            {
                int number = ++_number;
                long start = Stopwatch.GetTimestamp();
                baseline.Add(await local.DecodeAsync(
                    RouterAnswer.NewPrompt(number), RouterAnswer.AnswerTokens, threshold, SamplingParameters.Create(1f, seed: (ulong)number),
                    new ResearchExpert(research)));
                return Stopwatch.GetElapsedTime(start);
            }),
        ];

        async Task<RouterAnswer> AnswerAsync()
        {
            answers.Add(await RouterAnswer.AskAsync(router, ++_number, threshold));
            return answers[^1];
        }
    }

    private static Contender Each(string name, Func<Task<TimeSpan>> operation) => new(name, async count =>
    {
        double[] milliseconds = new double[count];
        for (int i = 0; i < count; i++)
            milliseconds[i] = (await operation()).TotalMilliseconds;
        return milliseconds;
    });

    /// <summary>The cut above which the wanted share of the deferral probabilities lies, along answers of the base alone.</summary>
    private static async Task<float> FindThresholdAsync(GrpcChannel router)
    {
        List<double> probabilities = [];
        for (int i = 0; i < 4; i++)
            probabilities.AddRange((await RouterAnswer.AskAsync(router, ++_number, 1f)).Tokens.Select(token => (double)token.DeferralProbability));
        return (float)RoundStatistics.Percentile([.. probabilities.Order()], 1 - TargetRate);
    }

    private static async Task<ConcurrentRun[]> MeasureTogetherAsync(GrpcChannel router, ServiceProcess expert, float threshold)
    {
        ConcurrentRun[] runs = new ConcurrentRun[Rounds];
        for (int i = -ConcurrentWarmUp; i < runs.Length; i++)
        {
            RouterAnswer alone = await RouterAnswer.AskAsync(router, ++_number, threshold);
            long before = await expert.CountStepsAsync();
            long start = Stopwatch.GetTimestamp();
            RouterAnswer[] answers = await Task.WhenAll(
                Enumerable.Range(0, ConcurrentRequests).Select(_ => RouterAnswer.AskAsync(router, ++_number, threshold)));
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            if (i >= 0)
                runs[i] = new ConcurrentRun(alone, answers, await expert.CountStepsAsync() - before, time);
        }

        return runs;
    }

    private static string Save(GeneratedModels models, string name, object settings)
    {
        File.WriteAllText(models.File(name), JsonSerializer.Serialize(settings));
        return models.File(name);
    }

    public static object ExpertSettings(GeneratedModels models) => new
    {
        Listen = "http://127.0.0.1:0",
        Models = new[] { new { Name = GeneratedModels.ExpertName, Directory = models.ExpertDirectory, Threads = GeneratedModels.Threads } },
    };

    public static object RouterSettings(GeneratedModels models, string expert) => new
    {
        Listen = "http://127.0.0.1:0",
        Base = new { Directory = models.BaseDirectory, Threads = GeneratedModels.Threads },
        SwapHead = new { File = models.HeadFile },
        Experts = new[] { new { Name = GeneratedModels.ExpertName, Addresses = new[] { expert } } },
    };
}
