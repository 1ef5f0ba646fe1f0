using System.Text.Json;

namespace CoLlm.Router.Telemetry;

/// <summary>Values of an enum as labels and JSON spell them, made once: <c>AboveThreshold</c> is <c>above_threshold</c>.</summary>
internal static class LabelNames<TEnum>
    where TEnum : struct, Enum
{
    private static readonly Dictionary<TEnum, string> Names =
        Enum.GetValues<TEnum>().ToDictionary(value => value, value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));

    public static IEnumerable<TEnum> Values => Names.Keys;

    public static string Of(TEnum value) => Names[value];
}
