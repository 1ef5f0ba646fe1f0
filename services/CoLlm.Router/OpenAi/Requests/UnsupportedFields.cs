using System.Text.Json;

namespace CoLlm.Router.OpenAi.Requests;

/// <summary>
/// Fields that would change the answer and are not served: accepted with the value that changes nothing, refused with any other. Fields that are
/// not known at all are passed over, because clients send ever more of them that concern nobody here.
/// </summary>
internal static class UnsupportedFields
{
    private static readonly (string Name, string Only, Func<JsonElement, bool> ChangesNothing)[] Fields =
    [
        ("n", "1", value => IsNumber(value, 1)),
        ("best_of", "1", value => IsNumber(value, 1)),
        ("presence_penalty", "0", value => IsNumber(value, 0)),
        ("frequency_penalty", "0", value => IsNumber(value, 0)),
        ("echo", "false", value => value.ValueKind == JsonValueKind.False),
        ("suffix", "an empty text", value => value.ValueKind == JsonValueKind.String && value.ValueEquals("")),
        ("logit_bias", "an empty object", value => value.ValueKind == JsonValueKind.Object && value.GetPropertyCount() == 0),
        ("tools", "an empty list", IsEmptyList),
        ("functions", "an empty list", IsEmptyList),
        ("tool_choice", "none or auto", IsNoTool),
        ("function_call", "none or auto", IsNoTool),
        ("response_format", "the type text", value => value.ValueKind == JsonValueKind.Object && value.TryGetProperty("type", out JsonElement type) && Is(type, "text")),
        ("modalities", "text", value => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 1 && Is(value[0], "text")),
        ("audio", "null", _ => false),
        ("web_search_options", "null", _ => false),
        ("top_logprobs", "0: the log-probability of the token written is known, those of others are not", value => IsNumber(value, 0)),
    ];

    /// <exception cref="Api.RequestRefusedException">One of them asks for something.</exception>
    public static void Check(JsonFields fields)
    {
        foreach ((string name, string only, Func<JsonElement, bool> changesNothing) in Fields)
        {
            if (fields.Find(name) is { } value && !changesNothing(value))
                throw JsonFields.Refuse(name, $"{name} is {JsonFields.Quote(value)}, which is not served; it may be {only}.");
        }
    }

    private static bool IsNumber(JsonElement value, double number) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double found) && found == number;

    private static bool IsEmptyList(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;

    private static bool IsNoTool(JsonElement value) => Is(value, "none") || Is(value, "auto");

    private static bool Is(JsonElement value, string text) => value.ValueKind == JsonValueKind.String && value.ValueEquals(text);
}
