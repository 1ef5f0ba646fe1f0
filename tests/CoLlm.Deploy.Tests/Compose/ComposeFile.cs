using System.Text.Json;
using CoLlm.Deploy.Tests.Tools;

namespace CoLlm.Deploy.Tests.Compose;

/// <summary><c>docker-compose.yml</c> as docker compose itself understands it: anchors merged, short forms written out.</summary>
internal static class ComposeFile
{
    /// <summary>What the compose demo runs beside our services.</summary>
    public static readonly string[] Ours = ["router", "expert-mathematics", "expert-medicine"];

    private static readonly Lazy<Task<JsonElement>> Resolved = new(ResolveAsync);

    /// <summary>Skips where docker compose is missing.</summary>
    public static Task<JsonElement> ReadAsync()
    {
        ExternalTool.Compose.Required();
        return Resolved.Value;
    }

    public static async Task<IEnumerable<(string Name, JsonElement Value)>> ServicesAsync() =>
        (await ReadAsync()).GetProperty("services").EnumerateObject().Select(service => (service.Name, service.Value));

    /// <summary>The strings of an array, or nothing where there is none.</summary>
    public static string[] Strings(this JsonElement element, string property) =>
        element.TryGetProperty(property, out JsonElement array) && array.ValueKind == JsonValueKind.Array
            ? [.. array.EnumerateArray().Select(item => item.GetString()!)]
            : [];

    /// <summary>The objects of an array, or nothing where there is none.</summary>
    public static JsonElement[] Objects(this JsonElement element, string property) =>
        element.TryGetProperty(property, out JsonElement array) && array.ValueKind == JsonValueKind.Array ? [.. array.EnumerateArray()] : [];

    private static async Task<JsonElement> ResolveAsync() =>
        JsonDocument.Parse(await ExternalTool.Compose.ExpectSuccessAsync("-f", "docker-compose.yml", "config", "--format", "json")).RootElement;
}
