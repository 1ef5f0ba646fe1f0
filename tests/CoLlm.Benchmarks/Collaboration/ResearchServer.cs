using System.Net;
using System.Text.Json;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>
/// An expert as the published research code has it: every question brings the whole prefix, which is computed afresh, and the answer is
/// the log-probability of every id of the vocabulary, as JSON.
/// </summary>
internal static class ResearchServer
{
    public const string Path = "/log-probabilities";

    /// <summary>What the process is started with.</summary>
    public static string Argument(GeneratedModels models) => $"{models.Weights}:{models.ExpertDirectory}";

    public static WebApplication Build(string argument)
    {
        int colon = argument.IndexOf(':', StringComparison.Ordinal);
        CpuBackendOptions options = new() { ThreadCount = GeneratedModels.Threads, WeightFormat = Enum.Parse<WeightFormat>(argument[..colon]) };
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication application = builder.Build();
        CpuBackend backend = CpuBackend.Load(Checkpoint.Open(argument[(colon + 1)..]), options);
        InferenceEngine engine = new(backend, new InferenceEngineOptions { PrefixCacheBlocks = 0 });
        application.MapPost(Path, context => AnswerAsync(context, engine));
        return application;
    }

    private static async Task AnswerAsync(HttpContext context, InferenceEngine engine)
    {
        int[] tokens = (await JsonSerializer.DeserializeAsync<int[]>(context.Request.Body))!;
        using InferenceSession session = engine.OpenSession(tokens.Length);
        AdvanceResult result = await session.AdvanceAsync(tokens, WantedPositions.Last);
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(LogProbabilities(result.Logits()));
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body);
    }

    private static float[] LogProbabilities(ReadOnlySpan<float> logits)
    {
        float largest = float.NegativeInfinity;
        foreach (float logit in logits)
            largest = Math.Max(largest, logit);
        double sum = 0;
        foreach (float logit in logits)
            sum += Math.Exp(logit - largest);
        float shift = largest + (float)Math.Log(sum);
        float[] values = new float[logits.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = logits[i] - shift;
        return values;
    }
}
