using System.Text.Json;
using CoLlm.Protocol.V1;
using CoLlm.Router.OpenAi.Requests;

namespace CoLlm.Router.OpenAi.Responses;

/// <summary>
/// One answer in the forms that OpenAI's clients read, whole or in chunks, each with our own fields under <c>collm</c>. Used by one caller at a
/// time.
/// </summary>
/// <param name="request">How the answer is wanted.</param>
/// <param name="created">When, in seconds since 1970.</param>
internal sealed class AnswerJson(CompletionRequest request, long created)
{
    private readonly LogProbabilityJson _logProbabilities = new(request.IsChat);
    private Started _started = new();

    /// <summary>The router's name for the request.</summary>
    public string RequestId => _started.RequestId;

    public void Begin(Started started) => _started = started;

    /// <summary>First chunk: who takes part.</summary>
    public void WriteStart(Utf8JsonWriter json)
    {
        WriteHead(json, isWhole: false);
        WriteChoice(json, "", [], null);
        json.WriteStartObject("collm");
        CollaborationJson.WriteStarted(json, _started);
        json.WriteEndObject();
        WriteNoUsage(json);
        json.WriteEndObject();
    }

    /// <summary>A chunk of one token.</summary>
    public void WriteToken(Utf8JsonWriter json, TokenEvent token)
    {
        WriteHead(json, isWhole: false);
        WriteChoice(json, token.Text, [token], null);
        json.WriteStartObject("collm");
        CollaborationJson.WriteTokens(json, _started, [token]);
        json.WriteEndObject();
        WriteNoUsage(json);
        json.WriteEndObject();
    }

    /// <summary>Last chunk of a choice: why it ended, and what it cost.</summary>
    public void WriteEnd(Utf8JsonWriter json, Summary summary)
    {
        WriteHead(json, isWhole: false);
        WriteChoice(json, "", [], FinishOf(summary));
        json.WriteStartObject("collm");
        CollaborationJson.WriteSummary(json, summary, request.Message.Sampling);
        json.WriteEndObject();
        WriteNoUsage(json);
        json.WriteEndObject();
    }

    /// <summary>The chunk without a choice that some clients ask for.</summary>
    public void WriteUsage(Utf8JsonWriter json, Summary summary)
    {
        WriteHead(json, isWhole: false);
        json.WriteStartArray("choices");
        json.WriteEndArray();
        WriteUsageOf(json, summary);
        json.WriteEndObject();
    }

    /// <summary>In place of the rest of a stream.</summary>
    public void WriteFailure(Utf8JsonWriter json, Summary summary)
    {
        json.WriteStartObject();
        WriteError(json, OpenAiError.Of(summary));
        json.WriteStartObject("collm");
        CollaborationJson.WriteSummary(json, summary, request.Message.Sampling);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The answer of a request that does not stream.</summary>
    public void WriteWhole(Utf8JsonWriter json, IReadOnlyList<TokenEvent> tokens, Summary summary)
    {
        WriteHead(json, isWhole: true);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        string text = string.Concat(tokens.Select(token => token.Text));
        if (request.IsChat)
        {
            json.WriteStartObject("message");
            json.WriteString("role", "assistant");
            json.WriteString("content", text);
            json.WriteNull("refusal");
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("text", text);
        }

        WriteLogProbabilities(json, tokens);
        json.WriteString("finish_reason", FinishOf(summary));
        json.WriteEndObject();
        json.WriteEndArray();
        WriteUsageOf(json, summary);
        json.WriteStartObject("collm");
        CollaborationJson.WriteStarted(json, _started);
        CollaborationJson.WriteTokens(json, _started, tokens);
        CollaborationJson.WriteSummary(json, summary, request.Message.Sampling);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteError(Utf8JsonWriter json, OpenAiError error)
    {
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Type);
        json.WriteString("param", error.Parameter);
        json.WriteString("code", error.Code);
        json.WriteEndObject();
    }

    private void WriteHead(Utf8JsonWriter json, bool isWhole)
    {
        json.WriteStartObject();
        json.WriteString("id", (request.IsChat ? "chatcmpl-" : "cmpl-") + _started.RequestId);
        json.WriteString("object", request.IsChat ? (isWhole ? "chat.completion" : "chat.completion.chunk") : "text_completion");
        json.WriteNumber("created", created);
        json.WriteString("model", _started.Model);
    }

    private void WriteChoice(Utf8JsonWriter json, string text, IReadOnlyList<TokenEvent> tokens, string? finishReason)
    {
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        if (request.IsChat)
        {
            json.WriteStartObject("delta");
            if (tokens.Count == 0 && finishReason is null)
                json.WriteString("role", "assistant");
            if (finishReason is null)
                json.WriteString("content", text);
            json.WriteEndObject();
        }
        else
        {
            json.WriteString("text", text);
        }

        WriteLogProbabilities(json, tokens);
        json.WriteString("finish_reason", finishReason);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private void WriteLogProbabilities(Utf8JsonWriter json, IReadOnlyList<TokenEvent> tokens)
    {
        if (request.IncludesLogProbabilities && tokens.Count > 0)
            _logProbabilities.Write(json, tokens);
        else
            json.WriteNull("logprobs");
    }

    private void WriteNoUsage(Utf8JsonWriter json)
    {
        if (request.IncludesUsage)
            json.WriteNull("usage");
    }

    private static void WriteUsageOf(Utf8JsonWriter json, Summary summary)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", summary.PromptTokenCount);
        json.WriteNumber("completion_tokens", summary.TokenCount);
        json.WriteNumber("total_tokens", summary.PromptTokenCount + summary.TokenCount);
        json.WriteEndObject();
    }

    private static string FinishOf(Summary summary) => summary.FinishReason is FinishReason.MaxTokens or FinishReason.ContextFull ? "length" : "stop";
}
