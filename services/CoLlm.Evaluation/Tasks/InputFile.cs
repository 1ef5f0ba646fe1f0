using System.Text;
using System.Text.Json;

namespace CoLlm.Evaluation.Tasks;

/// <summary>Reads JSON and JSON-lines files within bounds.</summary>
internal static class InputFile
{
    public const long MaxFileBytes = 256L << 20;
    public const int MaxLineCharacters = 4 << 20;
    public const int MaxItems = 1_000_000;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>One object per line, each valid until the next; empty lines are skipped.</summary>
    /// <exception cref="EvaluationException">The file cannot be read; file and line are named.</exception>
    public static IEnumerable<JsonPlace> Lines(string path)
    {
        int number = 0;
        int count = 0;
        foreach (string line in RawLines(path))
        {
            number++;
            if (line.Length > MaxLineCharacters)
                throw new EvaluationException($"{path}: line {number} has {line.Length} characters; at most {MaxLineCharacters} are read.");
            if (string.IsNullOrWhiteSpace(line))
                continue;
            if (++count > MaxItems)
                throw new EvaluationException($"{path}: line {number} is beyond the {MaxItems} items that are read.");
            using JsonDocument document = Parse(line, $"{path}: line {number}");
            yield return new JsonPlace(document.RootElement, $"{path}: line {number}");
        }
    }

    /// <summary>One object that is the whole file; the caller disposes the document.</summary>
    /// <exception cref="EvaluationException">The file cannot be read.</exception>
    public static JsonDocument Document(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MaxFileBytes)
                throw new EvaluationException($"{path}: it has {length} bytes; at most {MaxFileBytes} are read.");
            return Parse(File.ReadAllText(path), $"{path}: it");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{path}: cannot be read, {exception.Message.TrimEnd('.')}.", exception);
        }
    }

    private static JsonDocument Parse(string json, string where)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
        }
        catch (JsonException exception)
        {
            throw new EvaluationException($"{where} is not valid JSON: {exception.Message.TrimEnd('.')}.", exception);
        }

        throw new EvaluationException($"{where} is not a JSON object.");
    }

    /// <summary>A file's lines, with reading problems put into words.</summary>
    private static IEnumerable<string> RawLines(string path)
    {
        using StreamReader reader = Open(path);
        while (ReadLine(reader, path) is { } line)
            yield return line;
    }

    private static StreamReader Open(string path)
    {
        try
        {
            FileStream file = File.OpenRead(path);
            if (file.Length <= MaxFileBytes)
                return new StreamReader(file, Encoding.UTF8);
            file.Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{path}: cannot be read, {exception.Message.TrimEnd('.')}.", exception);
        }

        throw new EvaluationException($"{path}: it is larger than the {MaxFileBytes} bytes that are read.");
    }

    private static string? ReadLine(StreamReader reader, string path)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (IOException exception)
        {
            throw new EvaluationException($"{path}: cannot be read, {exception.Message.TrimEnd('.')}.", exception);
        }
    }
}
