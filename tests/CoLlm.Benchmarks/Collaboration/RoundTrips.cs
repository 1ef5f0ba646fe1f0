using System.Diagnostics;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Benchmarks.Transport;
using CoLlm.Inference.Models;
using CoLlm.Protocol.V1;
using CoLlm.Testing;
using Grpc.Net.Client;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>What an Ask and its Answer take beside the forward pass, next to bare HTTP/2 frames around as much reading of memory.</summary>
/// <param name="Rows">Microseconds without the pass: the bare frames, few ids to draw from, all ids.</param>
/// <param name="Whole">Median of the whole round trips with few ids, pass and all, in microseconds.</param>
/// <param name="Wait">Median time until the pass began, in microseconds.</param>
internal sealed record RoundTrips(IReadOnlyList<RoundStatistics> Rows, double Whole, double Wait)
{
    public const int Rounds = 11;
    public const int PerRound = 60;

    /// <summary>So short that attention stays a small part of a pass.</summary>
    private const int PerSession = 200;

    /// <summary>So few that drawing one takes no time.</summary>
    private const int FewIds = 256;

    private static readonly int[] Token = [7];

    /// <summary>
    /// Asks one expert process for two models, next to nothing and the small pair's expert, in this order: by the second the runtime has
    /// compiled for good what both run.
    /// </summary>
    public static async Task<(RoundTrips Warm, RoundTrips Cold)> MeasureAsync(GeneratedModels models)
    {
        const string Tiny = "next-to-nothing";
        (string Name, string Directory)[] both = [(Tiny, models.Write(Tiny, ModelPair.NextToNothing, seed: 4)), (GeneratedModels.ExpertName, models.ExpertDirectory)];
        using ServiceProcess service = await ServiceProcess.StartAsync("expert", ServicePair.Save(models, "asked.json", ServicePair.ExpertSettings(models.Weights, null, both)));
        using GrpcChannel expert = GrpcChannel.ForAddress(service.Address);
        using TemporaryDirectory folder = new();
        using ChildProcess server = new("dotnet", typeof(RoundTrips).Assembly.Location, "transport-server", folder.File("server.sock"));
        using HttpMessageInvoker http = new(new SocketsHttpHandler { UseProxy = false });
        Uri floor = new($"http://127.0.0.1:{await server.ReadAsync()}");
        return (
            await MeasureAsync(http, floor, expert, Tiny, ModelPair.NextToNothing, warmUp: 10_000),
            await MeasureAsync(http, floor, expert, GeneratedModels.ExpertName, ModelPair.Small.Expert, warmUp: 300));
    }

    private static async Task<RoundTrips> MeasureAsync(
        HttpMessageInvoker http, Uri floor, GrpcChannel expert, string model, ModelConfig config, int warmUp)
    {
        RawClient raw = new(http, floor, Frame(), $"{ReadingEcho.Path}?bytes={BytesOfAPass(config)}");
        await raw.OpenAsync();
        List<double> whole = [], waits = [];
        Contender[] contenders =
        [
            new Contender("bare HTTP/2 frames around as much reading", count => MeasureReadingAsync(raw, count)),
            new Contender($"Ask, {FewIds} ids to draw from", count => MeasureAsksAsync(expert, model, FewIds, count, whole, waits)),
            new Contender($"Ask, {config.VocabularySize} ids to draw from", count => MeasureAsksAsync(expert, model, config.VocabularySize, count, [], [])),
        ];
        IReadOnlyList<RoundStatistics> rows = await InterleavedRounds.RunAsync(contenders, Rounds, PerRound, warmUp);
        return new RoundTrips(rows, RoundStatistics.MedianOf(whole), RoundStatistics.MedianOf(waits));
    }

    private static Task<DirectSession> OpenAsync(GrpcChannel expert, string model, int usableVocabularySize)
    {
        int[] prompt = [.. Enumerable.Range(0, RouterAnswer.PromptTokens).Select(i => (i + usableVocabularySize) % FewIds)];
        return DirectSession.OpenAsync(expert, prompt, RouterAnswer.PromptTokens + PerSession, usableVocabularySize, model);
    }

    private static async Task<double[]> MeasureReadingAsync(RawClient client, int count)
    {
        double[] samples = new double[count];
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await client.ExchangeAsync();
            samples[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds - BitConverter.ToDouble(client.Answer[^ReadingEcho.TimeLength..]);
        }

        return samples;
    }

    private static async Task<double[]> MeasureAsksAsync(
        GrpcChannel expert, string model, int usableVocabularySize, int count, List<double> whole, List<double> waits)
    {
        double[] samples = new double[count];
        for (int i = 0; i < count;)
        {
            using DirectSession session = await OpenAsync(expert, model, usableVocabularySize);
            for (int end = Math.Min(count, i + PerSession); i < end; i++)
            {
                (Answer answer, TimeSpan time) = await session.AskAsync(Token);
                whole.Add(time.TotalMicroseconds);
                waits.Add(answer.QueueUs);
                samples[i] = time.TotalMicroseconds - answer.ComputeUs;
            }
        }

        return samples;
    }

    /// <summary>As long as an Ask and its Answer are together, twice.</summary>
    private static byte[] Frame()
    {
        const int Payload = 48;
        byte[] frame = new byte[5 + Payload];
        frame[4] = Payload;
        return frame;
    }

    /// <summary>What a decoding step reads: all weights but the embeddings, in bfloat16. Two bytes a weight are as many as its operations.</summary>
    private static long BytesOfAPass(ModelConfig config) =>
        (long)ModelPair.Operations(config, positions: 1, outputs: 1);
}
