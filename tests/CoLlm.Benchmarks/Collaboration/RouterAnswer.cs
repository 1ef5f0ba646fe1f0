using System.Diagnostics;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>One answer from the router: its tokens, what it cost, and how long the client waited.</summary>
internal sealed record RouterAnswer(int[] Prompt, IReadOnlyList<TokenEvent> Tokens, Summary Summary, TimeSpan Time)
{
    public const int PromptTokens = 64;
    public const int AnswerTokens = 96;

    /// <summary>Which prompt, and which seed.</summary>
    public int Number { get; private init; }

    /// <summary>What the engines spent on it; zero where nobody has looked.</summary>
    public PassTimes Passes { get; init; }

    public ExpertUsage Expert => Summary.Experts[0];

    /// <summary>A prompt that nobody has asked before, so that no cache has its prefix.</summary>
    public static int[] NewPrompt(int number)
    {
        Random random = new(number);
        return [.. Enumerable.Range(0, PromptTokens).Select(_ => random.Next(512, GeneratedModels.VocabularySize))];
    }

    public static async Task<RouterAnswer> AskAsync(GrpcChannel channel, int number, float threshold)
    {
        int[] prompt = NewPrompt(number);
        GenerateRequest request = new()
        {
            TokenIds = new TokenIds { Ids = { prompt } },
            MaxNewTokens = AnswerTokens,
            Stop = new StopConditions { IgnoreEndOfSequence = true },
            Sampling = new SamplingParameters { Temperature = 1f, Seed = (ulong)number },
            Collaboration = new Protocol.V1.Collaboration { Mode = CollaborationMode.Defer, Threshold = threshold },
        };
        List<TokenEvent> tokens = [];
        long start = Stopwatch.GetTimestamp();
        using AsyncServerStreamingCall<GenerateResponse> call = new Generation.GenerationClient(channel).Generate(request);
        Summary? summary = null;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            if (call.ResponseStream.Current.Token is { } token)
                tokens.Add(token);
            summary = call.ResponseStream.Current.Summary;
        }

        TimeSpan time = Stopwatch.GetElapsedTime(start);
        return summary?.FinishReason == FinishReason.MaxTokens
            ? new RouterAnswer(prompt, tokens, summary, time) { Number = number }
            : throw new InvalidOperationException($"The answer ended early: {summary}");
    }
}
