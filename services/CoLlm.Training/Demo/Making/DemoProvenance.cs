using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CoLlm.Inference.Checkpoints;
using CoLlm.Training.Output;

namespace CoLlm.Training.Demo.Making;

/// <summary>What published models were made from, kept beside them so that anybody can tell whether data and recipe have changed since.</summary>
/// <param name="Recipe">SHA-256 of the recipe.</param>
/// <param name="Data">SHA-256 over names and contents of the data's JSON files.</param>
/// <param name="Models">Fingerprint of each model by its folder.</param>
internal sealed record DemoProvenance(string Recipe, string Data, IReadOnlyDictionary<string, string> Models)
{
    public const string FileName = "provenance.json";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Computes it for models in a folder.</summary>
    /// <exception cref="TrainingException">Recipe or data cannot be read.</exception>
    /// <exception cref="CheckpointException">A model cannot be read.</exception>
    public static DemoProvenance Of(string recipe, string data, string models, IEnumerable<string> names)
    {
        try
        {
            return new DemoProvenance(HashOf(File.ReadAllBytes(recipe)), HashOfData(data), names.ToDictionary(name => name, name => FingerprintOf(Path.Combine(models, name))));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"Recipe or data cannot be read: {exception.Message}", exception);
        }
    }

    /// <exception cref="TrainingException">The file is damaged.</exception>
    public static DemoProvenance Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize<DemoProvenance>(File.ReadAllText(path), Readable) ?? throw new JsonException("It is null.");
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path}: cannot be read, {exception.Message}", exception);
        }
    }

    public void Write(string folder) => AtomicFile.WriteText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Readable) + "\n");

    private static string HashOfData(string folder)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        IEnumerable<string> names = Directory.EnumerateFiles(folder, "*.json*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/')).Order(StringComparer.Ordinal);
        foreach (string name in names)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name + "\n"));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, name))));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string HashOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string FingerprintOf(string directory)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        return checkpoint.Fingerprint;
    }
}
