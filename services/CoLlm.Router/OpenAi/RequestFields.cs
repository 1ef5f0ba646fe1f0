using CoLlm.Router.Api;

namespace CoLlm.Router.OpenAi;

/// <summary>What the fields of a Generate request are called in JSON, so that refusals name what the client wrote.</summary>
internal static class RequestFields
{
    public const string MaxTokens = "max_tokens";

    /// <summary>What newer clients call it in chats.</summary>
    public const string MaxCompletionTokens = "max_completion_tokens";

    private const string MaxNewTokens = "max_new_tokens";

    /// <summary>How sentences about a field begin, the field's name in JSON, and how the sentence names it.</summary>
    private static readonly (string Beginning, string Parameter, string Replacement)[] Known =
    [
        ("sampling: temperature", "temperature", "temperature"),
        ("sampling: top_k", "top_k", "top_k"),
        ("sampling: top_p", "top_p", "top_p"),
        ("sampling: min_p", "min_p", "min_p"),
        ("sampling: repetition_penalty", "repetition_penalty", "repetition_penalty"),
        ("stop.token_ids", "stop_token_ids", "stop_token_ids"),
        ("stop: ", "stop", ""),
        ("token_ids[", "prompt", "prompt["),
        ("chat ", "messages", "messages "),
        ("A message has the role", "messages", "A message has the role"),
        ("There is no model", "model", "There is no model"),
        ("There is no expert", "collm.experts", "There is no expert"),
        ("Expert", "collm.experts", "Expert"),
        ("threshold is", "collm.threshold", "collm.threshold is"),
        ("target_rate is", "collm.target_rate", "collm.target_rate is"),
        ("warm_up_tokens is", "collm.warm_up_tokens", "collm.warm_up_tokens is"),
        ("budget.", "collm.deferral_budget", "collm.deferral_budget."),
        ("expert_wait_ms is", "collm.expert_wait_ms", "collm.expert_wait_ms is"),
        ("contested_margin is", "collm.contested_margin", "collm.contested_margin is"),
        ("client_request_id has", "X-Client-Request-Id", "X-Client-Request-Id has"),
    ];

    /// <summary>The refusal in the client's words, with the field that it speaks of where that is known.</summary>
    /// <param name="refusal">One that names its field already stays as it is.</param>
    /// <param name="maxTokensField">What the request called its number of tokens.</param>
    public static RequestRefusedException Translate(RequestRefusedException refusal, string maxTokensField = MaxTokens)
    {
        if (refusal.Parameter is not null)
            return refusal;
        if (refusal.Message.StartsWith(MaxNewTokens + " is", StringComparison.Ordinal))
            return Said(maxTokensField, maxTokensField + refusal.Message[MaxNewTokens.Length..]);
        foreach ((string beginning, string parameter, string replacement) in Known)
        {
            if (refusal.Message.StartsWith(beginning, StringComparison.Ordinal))
                return Said(parameter, replacement + refusal.Message[beginning.Length..]);
        }

        return refusal;

        RequestRefusedException Said(string parameter, string message) => new(refusal.Reason, message, refusal.RetryAfter) { Parameter = parameter };
    }
}
