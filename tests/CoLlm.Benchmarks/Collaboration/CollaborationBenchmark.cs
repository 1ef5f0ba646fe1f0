using System.Diagnostics;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Decoding;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Cpu.Measuring;
using CoLlm.Inference.Sampling;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>Router and expert as two processes on loopback: what a deferral costs, and what of an answer's time is not spent in the models.</summary>
internal static class CollaborationBenchmark
{
    public const string Name = "collaboration";
    public const string Summary = "Router and expert on loopback, beside decoding as the research code does: results/collaboration.md";

    private const int ConcurrentRequests = 16;
    private const int WarmUp = 2;

    /// <summary>
    /// Options: <c>--pair small</c> or <c>--pair laptop</c> measures one pair of models, followed by <c>--together</c> only its requests at the
    /// same time; <c>--pair none</c> measures questions alone. None of them writes the file.
    /// </summary>
    public static async Task<int> RunAsync(string[] args)
    {
        bool onlyTogether = args is ["--pair", _, "--together"];
        ModelPair[] pairs = [.. ModelPair.All.Where(pair => args is [] || (args.Length == 2 || onlyTogether) && args[0] == "--pair" && args[1] == pair.Name)];
        if (pairs.Length == 0 && args is not ["--pair", "none"])
        {
            await Console.Error.WriteLineAsync($"Options: --pair NAME, one of {string.Join(", ", ModelPair.All.Select(pair => pair.Name))}, none; then --together.");
            return 2;
        }

        CollaborationReport report = new(pairs);
        if (args is [] or ["--pair", "none"])
            await MeasureAsksAsync(report);
        foreach (ModelPair pair in pairs)
            await MeasureAsync(pair, onlyTogether, report);
        return report.Save(isWhole: args is []) ? 0 : 1;
    }

    private static async Task MeasureAsksAsync(CollaborationReport report)
    {
        using GeneratedModels models = new();
        (RoundTrips warm, RoundTrips cold) = await RoundTrips.MeasureAsync(models);
        report.WarmAsks(warm);
        report.ColdAsks(cold);
    }

    private static async Task MeasureAsync(ModelPair pair, bool onlyTogether, CollaborationReport report)
    {
        using GeneratedModels models = new(pair);
        using ServicePair services = await ServicePair.StartAsync(models);
        await services.FindThresholdAsync();
        if (!onlyTogether)
            await MeasureOneByOneAsync(pair, models, services, report);
        report.Concurrency(pair, await MeasureTogetherAsync(pair, services), MultiplyAddPeak(models));
    }

    private static async Task MeasureOneByOneAsync(ModelPair pair, GeneratedModels models, ServicePair services, CollaborationReport report)
    {
        await using LocalBase local = new(models);
        ReplayedAnswer[] answers = await MeasureAnswersAsync(pair, services, new FloorReplay(local, services));
        List<DecodingSummary> baseline = [];
        double[] research = await MeasureResearchAsync(models, local, services.Threshold, answers[..pair.ResearchAnswers], baseline);

        report.Answers(pair, services.Threshold, answers, research);
        using DirectSession opened = await DirectSession.OpenAsync(services.Expert, RouterAnswer.NewPrompt(services.NextNumber()), 2048);
        report.Costs(pair, [.. answers.Select(replayed => replayed.Answer)], baseline, opened.OpeningBytes);
    }

    /// <summary>Each answer and its replay one after the other, so that whatever the machine does meanwhile falls on both alike.</summary>
    private static async Task<ReplayedAnswer[]> MeasureAnswersAsync(ModelPair pair, ServicePair services, FloorReplay floor)
    {
        ReplayedAnswer[] answers = new ReplayedAnswer[pair.Rounds];
        for (int i = -WarmUp; i < answers.Length; i++)
        {
            RouterAnswer answer = await services.MeasuredAnswerAsync();
            ReplayedAnswer replayed = new(answer, await floor.MeasureAsync(answer));
            if (i >= 0)
                answers[i] = replayed;
        }

        return answers;
    }

    /// <summary>Answers once more, with the same prompts and seeds; milliseconds of each.</summary>
    private static async Task<double[]> MeasureResearchAsync(
        GeneratedModels models, LocalBase local, float threshold, ReplayedAnswer[] answers, List<DecodingSummary> baseline)
    {
        using ServiceProcess server = await ServiceProcess.StartAsync("research", ResearchServer.Argument(models));
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(server.Address), Timeout = Timeout.InfiniteTimeSpan };
        double[] milliseconds = new double[answers.Length];
        for (int i = 0; i < milliseconds.Length; i++)
        {
            int number = answers[i].Answer.Number;
            long start = Stopwatch.GetTimestamp();
            baseline.Add(await local.DecodeAsync(
                RouterAnswer.NewPrompt(number), RouterAnswer.AnswerTokens, threshold, SamplingParameters.Create(1f, seed: (ulong)number),
                new ResearchExpert(client)));
            milliseconds[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        return milliseconds;
    }

    /// <summary>Operations per second of the threads of one process.</summary>
    private static double MultiplyAddPeak(GeneratedModels models)
    {
        using Checkpoint checkpoint = Checkpoint.Open(models.BaseDirectory);
        using CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { ThreadCount = GeneratedModels.Threads });
        using CpuSpeed speed = new(backend, maxBatch: 1, maxTokens: 64);
        return RoundStatistics.MedianOf(Enumerable.Range(0, 11).Select(_ => speed.MultiplyAddPeak()));
    }

    private static async Task<ConcurrentRun[]> MeasureTogetherAsync(ModelPair pair, ServicePair services)
    {
        ConcurrentRun[] runs = new ConcurrentRun[pair.ConcurrentRounds];
        for (int i = -pair.ConcurrentWarmUp; i < runs.Length; i++)
        {
            RouterAnswer alone = await services.AnswerAsync();
            EngineWork baseBefore = await services.BaseWorkAsync();
            EngineWork expertBefore = await services.ExpertWorkAsync();
            long start = Stopwatch.GetTimestamp();
            RouterAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, ConcurrentRequests).Select(_ => services.AnswerAsync()));
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            if (i >= 0)
                runs[i] = new ConcurrentRun(alone, answers, await services.BaseWorkAsync() - baseBefore, await services.ExpertWorkAsync() - expertBefore, time);
        }

        return runs;
    }
}
