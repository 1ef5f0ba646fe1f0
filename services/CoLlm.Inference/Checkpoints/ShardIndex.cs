using System.Text.Json;

namespace CoLlm.Inference.Checkpoints;

/// <summary>Reads <c>model.safetensors.index.json</c>: which file of the directory holds each tensor.</summary>
internal static class ShardIndex
{
    public const string FileName = "model.safetensors.index.json";

    private const int MaxBytes = 100_000_000;
    private const int MaxShards = 4096;

    /// <summary>Tensor name to file name; every file name is a plain name inside the directory.</summary>
    /// <exception cref="CheckpointException">The index is broken or names a file elsewhere.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        using JsonDocument document = JsonFile.Read(path, MaxBytes);
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("weight_map", out JsonElement map)
            || map.ValueKind != JsonValueKind.Object)
        {
            throw new CheckpointException($"{FileName}: it holds no 'weight_map' object.");
        }

        Dictionary<string, string> fileOfTensor = [];
        HashSet<string> files = [];
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            string tensor = Text(() => entry.Name);
            if (entry.Value.ValueKind != JsonValueKind.String)
                throw new CheckpointException($"{FileName}: tensor {CheckpointText.Quote(tensor)} is not mapped to a file name.");
            string file = Text(() => entry.Value.GetString()!);
            if (!IsPlainShardName(file))
            {
                throw new CheckpointException(
                    $"{FileName}: tensor {CheckpointText.Quote(tensor)} lies in {CheckpointText.Quote(file)}, which is no .safetensors file of this directory.");
            }

            fileOfTensor.Add(tensor, file);
            if (files.Add(file) && files.Count > MaxShards)
                throw new CheckpointException($"{FileName}: it names more than {MaxShards} files.");
        }

        return fileOfTensor;
    }

    private static bool IsPlainShardName(string file) =>
        file.EndsWith(".safetensors", StringComparison.Ordinal)
        && file.AsSpan().IndexOfAny(['/', '\\', ':', '\0']) < 0
        && file.Length <= 255;

    private static string Text(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException($"{FileName}: 'weight_map' holds text that is not valid Unicode.", e);
        }
    }
}
