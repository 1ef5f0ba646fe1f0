using System.Text.Json;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Tokenization;

/// <summary>Reads lists of golden cases.</summary>
internal static class GoldenJson
{
    public static JsonElement Read(params string[] path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(RepositoryPaths.Golden(path)));
        return document.RootElement.Clone();
    }

    public static int[] Ids(this JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>Golden files leave a member out where it equals another.</summary>
    public static string TextOr(this JsonElement element, string name, string otherwise) =>
        element.TryGetProperty(name, out JsonElement value) ? value.GetString()! : element.Text(otherwise);

    public static int[] IdsOr(this JsonElement element, string name, string otherwise) =>
        element.Ids(element.TryGetProperty(name, out _) ? name : otherwise);
}
