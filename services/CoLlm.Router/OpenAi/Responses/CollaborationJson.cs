using System.Text.Json;
using CoLlm.Protocol.V1;
using CoLlm.Router.Telemetry;

namespace CoLlm.Router.OpenAi.Responses;

/// <summary>What is ours in an answer: who wrote each token and why, and what it cost.</summary>
internal static class CollaborationJson
{
    public static void WriteStarted(Utf8JsonWriter json, Started started)
    {
        json.WriteString("request_id", started.RequestId);
        json.WriteString("mode", NameOf(started.Mode));
        json.WriteStartArray("experts");
        foreach (string expert in started.Experts)
            json.WriteStringValue(expert);
        json.WriteEndArray();
        if (started.HasThreshold)
            json.WriteNumber("threshold", started.Threshold);
        else
            json.WriteNull("threshold");
        json.WriteNumber("prompt_tokens", started.PromptTokenCount);
        json.WriteNumber("max_new_tokens", started.MaxNewTokens);
    }

    public static void WriteTokens(Utf8JsonWriter json, Started started, IReadOnlyList<TokenEvent> tokens)
    {
        json.WriteStartArray("tokens");
        foreach (TokenEvent token in tokens)
            WriteToken(json, started, token);
        json.WriteEndArray();
    }

    public static void WriteSummary(Utf8JsonWriter json, Summary summary, SamplingParameters sampling)
    {
        json.WriteStartObject("summary");
        json.WriteString("finish_reason", LabelNames<FinishReason>.Of(summary.FinishReason));
        json.WriteString("stop_string", summary.StopString.Length > 0 ? summary.StopString : null);
        if (sampling.Temperature > 0f)
            json.WriteNumber("seed", sampling.Seed);
        json.WriteNumber("tokens", summary.TokenCount);
        json.WriteNumber("base_tokens", summary.BaseTokenCount);
        json.WriteNumber("composed_tokens", summary.ComposedTokenCount);
        json.WriteNumber("contested_tokens", summary.ContestedTokenCount);
        json.WriteNumber("fallback_tokens", summary.FallbackTokenCount);
        json.WriteNumber("deferral_rate", summary.RealisedDeferralRate);
        json.WriteStartArray("experts");
        foreach (ExpertUsage expert in summary.Experts)
            WriteExpert(json, expert);
        json.WriteEndArray();
        WriteTimes(json, summary.Times ?? new StageTimes());
        json.WriteEndObject();
    }

    private static void WriteToken(Utf8JsonWriter json, Started started, TokenEvent token)
    {
        json.WriteStartObject();
        json.WriteNumber("id", token.TokenId);
        json.WriteString("text", token.Text);
        json.WriteNumber("position", token.Position);
        json.WriteString("origin", LabelNames<Origin>.Of(token.Origin));
        if (token.Origin == Origin.Expert)
            json.WriteString("expert", started.Experts[token.ExpertIndex]);
        if (token.HasDeferralProbability)
            json.WriteNumber("deferral_probability", token.DeferralProbability);
        json.WriteNumber("log_probability", LogProbabilityJson.Finite(token.LogProbability));
        json.WriteString("reason", LabelNames<DeferralReason>.Of(token.Reason));
        json.WriteBoolean("contested", token.IsContested);
        json.WriteBoolean("fallback", token.IsFallback);
        json.WriteEndObject();
    }

    private static void WriteExpert(Utf8JsonWriter json, ExpertUsage expert)
    {
        json.WriteStartObject();
        json.WriteString("name", expert.Name);
        json.WriteNumber("tokens", expert.TokenCount);
        json.WriteNumber("calls", expert.CallCount);
        json.WriteNumber("failed_calls", expert.FailedCallCount);
        json.WriteNumber("passes", expert.PassCount);
        json.WriteNumber("failovers", expert.FailoverCount);
        json.WriteNumber("bytes_up", expert.BytesUp);
        json.WriteNumber("bytes_down", expert.BytesDown);
        json.WriteEndObject();
    }

    private static void WriteTimes(Utf8JsonWriter json, StageTimes times)
    {
        json.WriteStartObject("times_us");
        json.WriteNumber("total", times.TotalUs);
        json.WriteNumber("queue", times.QueueUs);
        json.WriteNumber("tokenize", times.TokenizeUs);
        json.WriteNumber("base_prefill", times.BasePrefillUs);
        json.WriteNumber("base_decode", times.BaseDecodeUs);
        json.WriteNumber("expert_wait", times.ExpertWaitUs);
        json.WriteNumber("to_first_token", times.TimeToFirstTokenUs);
        json.WriteEndObject();
    }

    private static string NameOf(CollaborationMode mode) => mode switch
    {
        CollaborationMode.BaseOnly => "base",
        CollaborationMode.ExpertOnly => "expert",
        _ => LabelNames<CollaborationMode>.Of(mode),
    };
}
