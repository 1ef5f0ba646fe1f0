using System.Text;
using System.Text.Json;

namespace CoLlm.Training.Demo.Data;

/// <summary>Reads the demo's hand-written files; whatever is wrong with one is a sentence naming file and line.</summary>
internal static class DemoFile
{
    private const long MaxFileBytes = 16 << 20;
    private const int MaxLines = 100_000;

    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        MaxDepth = 16,
    };

    /// <summary>One JSON document.</summary>
    /// <exception cref="TrainingException">It cannot be read.</exception>
    public static T Read<T>(string path) => Parse<T>(path, null, Text(path));

    /// <summary>One JSON object per line; empty lines are skipped.</summary>
    /// <exception cref="TrainingException">It cannot be read, or holds nothing.</exception>
    public static IReadOnlyList<T> ReadLines<T>(string path)
    {
        List<T> entries = [];
        int number = 0;
        foreach (string line in Text(path).Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            if (entries.Count == MaxLines)
                throw new TrainingException($"{path}: line {number} is beyond the {MaxLines} entries that are read.");
            entries.Add(Parse<T>(path, number, line));
        }

        return entries.Count > 0 ? entries : throw new TrainingException($"{path}: it holds no entry.");
    }

    private static string Text(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MaxFileBytes)
                throw new TrainingException($"{path}: it has {length} bytes; at most {MaxFileBytes} are read.");
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new TrainingException($"{path}: cannot be read, {exception.Message}", exception);
        }
    }

    private static T Parse<T>(string path, int? line, string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Strict) ?? throw new TrainingException($"{path}: line {line ?? 1} is null.");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            long at = line ?? (exception as JsonException)?.LineNumber + 1 ?? 1;
            throw new TrainingException($"{path}: line {at} cannot be understood: {exception.Message.TrimEnd('.')}.", exception);
        }
    }
}
