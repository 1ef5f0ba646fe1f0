using System.Security.Cryptography;
using System.Text.Json;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Router.Api;

namespace CoLlm.Router.OpenAi.Requests;

/// <summary>A JSON request as a Generate message, and how its answer is wanted.</summary>
internal sealed record CompletionRequest
{
    public required GenerateRequest Message { get; init; }

    /// <summary>Whether it came to the chat's path.</summary>
    public required bool IsChat { get; init; }

    /// <summary>Whether the answer is sent as events.</summary>
    public bool Streams { get; init; }

    /// <summary>Whether a last event tells how many tokens there were.</summary>
    public bool IncludesUsage { get; init; }

    public bool IncludesLogProbabilities { get; init; }

    /// <summary>What the request called its number of tokens, for refusals.</summary>
    public string MaxTokensField { get; init; } = RequestFields.MaxTokens;

    /// <summary>What some clients send for a top-k that leaves all.</summary>
    private const int AllTokens = -1;

    /// <exception cref="RequestRefusedException">A field cannot be served; the exception names it.</exception>
    public static CompletionRequest Read(JsonElement body, bool isChat, string clientRequestId)
    {
        JsonFields fields = JsonFields.Of(body, "");
        UnsupportedFields.Check(fields);
        string maxTokensField = isChat && fields.Find(RequestFields.MaxCompletionTokens) is not null ? RequestFields.MaxCompletionTokens : RequestFields.MaxTokens;
        var message = new GenerateRequest
        {
            Model = fields.Text("model") ?? "",
            MaxNewTokens = fields.Integer(maxTokensField, 1) ?? 0,
            Sampling = SamplingOf(fields),
            Stop = StopOf(fields),
            Collaboration = CollaborationFields.Read(fields),
            ClientRequestId = clientRequestId,
        };
        if (isChat)
            message.Chat = PromptFields.ReadChat(fields);
        else
            PromptFields.ReadPrompt(fields, message);
        bool streams = fields.Flag("stream");
        return new CompletionRequest
        {
            Message = message,
            IsChat = isChat,
            Streams = streams,
            IncludesUsage = UsageOf(fields, streams),
            MaxTokensField = maxTokensField,
            IncludesLogProbabilities = isChat ? fields.Flag("logprobs") : fields.Integer("logprobs", 0, 0) is not null,
        };
    }

    private static bool UsageOf(JsonFields fields, bool streams)
    {
        if (fields.Find("stream_options") is not { } options)
            return false;
        return streams
            ? JsonFields.Of(options, "stream_options").Flag("include_usage")
            : throw JsonFields.Refuse("stream_options", "stream_options is for requests with stream true.");
    }

    /// <summary>Greedy unless the request wants draws; without a seed of its own every such answer is another one.</summary>
    private static SamplingParameters SamplingOf(JsonFields fields)
    {
        var sampling = new SamplingParameters { TopK = Math.Max(0, fields.Integer("top_k", AllTokens) ?? 0), MinP = fields.Number("min_p") ?? 0f };
        if (fields.Number("top_p") is { } topP)
            sampling.TopP = topP;
        if (fields.Number("repetition_penalty") is { } penalty)
            sampling.RepetitionPenalty = penalty;
        bool cuts = sampling.TopK > 0 || sampling.MinP > 0f || sampling.TopPOrDefault() < 1f;
        sampling.Temperature = fields.Number("temperature") ?? (cuts ? 1f : 0f);
        sampling.Seed = SeedOf(fields) ?? (sampling.Temperature > 0f ? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue) : 0);
        return sampling;
    }

    private static ulong? SeedOf(JsonFields fields)
    {
        if (fields.Find("seed") is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong seed))
            return seed;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long negative)
            ? unchecked((ulong)negative)
            : throw JsonFields.Refuse("seed", $"seed is {JsonFields.Quote(value)}; it must be a whole number of at most 64 bits.");
    }

    private static StopConditions StopOf(JsonFields fields)
    {
        var stop = new StopConditions { IgnoreEndOfSequence = fields.Flag("ignore_eos") };
        stop.Strings.AddRange(fields.Texts("stop", Decoding.Stopping.StopConditions.MaxStringCount));
        stop.TokenIds.AddRange(fields.Ids("stop_token_ids", Decoding.Stopping.StopConditions.MaxTokenIdCount));
        return stop;
    }
}
