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
/// <param name="Whole">Median of the whole round trips with all ids, in microseconds.</param>
/// <param name="Wait">Median time until the pass began, in microseconds.</param>
internal sealed record RoundTrips(IReadOnlyList<RoundStatistics> Rows, double Whole, double Wait)
{
    public const int Rounds = 11;
    public const int PerRound = 60;

    private const int WarmUp = 500;
    private const int MaxTokens = 2048;

    /// <summary>So few that drawing one takes no time.</summary>
    private const int FewIds = 256;

    public static async Task<RoundTrips> MeasureAsync(GrpcChannel expert)
    {
        using TemporaryDirectory folder = new();
        using ChildProcess server = new("dotnet", typeof(RoundTrips).Assembly.Location, "transport-server", folder.File("server.sock"));
        using HttpMessageInvoker http = new(new SocketsHttpHandler { UseProxy = false });
        RawClient raw = new(http, new Uri($"http://127.0.0.1:{await server.ReadAsync()}"), Frame(), $"{ReadingEcho.Path}?bytes={BytesOfAPass()}");
        await raw.OpenAsync();
        using DirectSession few = await OpenAsync(expert, FewIds);
        using DirectSession all = await OpenAsync(expert, GeneratedModels.VocabularySize);
        List<double> whole = [], waits = [];
        IReadOnlyList<RoundStatistics> rows = await InterleavedRounds.RunAsync(
            [
                new Contender("bare HTTP/2 frames around as much reading", count => MeasureReadingAsync(raw, count)),
                new Contender($"Ask, {FewIds} ids to draw from", count => MeasureAsksAsync(few, count, [], waits)),
                new Contender($"Ask, {GeneratedModels.VocabularySize} ids to draw from", count => MeasureAsksAsync(all, count, whole, [])),
            ],
            Rounds, PerRound, WarmUp);
        return new RoundTrips(rows, RoundStatistics.MedianOf(whole), RoundStatistics.MedianOf(waits));
    }

    private static Task<DirectSession> OpenAsync(GrpcChannel expert, int usableVocabularySize)
    {
        int[] prompt = [.. Enumerable.Range(0, RouterAnswer.PromptTokens).Select(i => (i + usableVocabularySize) % FewIds)];
        return DirectSession.OpenAsync(expert, prompt, MaxTokens, usableVocabularySize);
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

    private static async Task<double[]> MeasureAsksAsync(DirectSession session, int count, List<double> whole, List<double> waits)
    {
        double[] samples = new double[count];
        int[] token = [7];
        for (int i = 0; i < count; i++)
        {
            (Answer answer, TimeSpan time) = await session.AskAsync(token);
            token[0] = answer.TokenId;
            whole.Add(time.TotalMicroseconds);
            waits.Add(answer.QueueUs);
            samples[i] = time.TotalMicroseconds - answer.ComputeUs;
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

    /// <summary>What a decoding step reads: all weights but the embeddings, in bfloat16.</summary>
    private static long BytesOfAPass()
    {
        ModelConfig config = GeneratedModels.ExpertConfig;
        return ((long)(GeneratedModels.Millions(config) * 1e6) - ((long)config.VocabularySize * config.HiddenSize)) * 2;
    }
}
