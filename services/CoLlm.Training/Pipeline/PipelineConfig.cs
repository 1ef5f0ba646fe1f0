using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace CoLlm.Training.Pipeline;

/// <summary>
/// Pipeline settings as a JSON object with snake-case names, the same that <c>pipeline.json</c> in a work folder shows under
/// <c>options</c>. A name that is not known is refused, so that a misspelt setting never goes unnoticed.
/// </summary>
public static class PipelineConfig
{
    private const int MaxFileBytes = 1 << 20;

    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Reads a settings file.</summary>
    /// <exception cref="TrainingException">It cannot be read or is not a JSON object.</exception>
    public static JsonObject ReadFile(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
                throw new TrainingException($"{path}: it has more than {MaxFileBytes} bytes.");
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new TrainingException($"{path}: it is not a JSON object.");
        }
        catch (JsonException e)
        {
            throw new TrainingException($"{path}: broken JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path}: cannot be read, {e.Message}", e);
        }
    }

    /// <summary>Turns settings into options and checks them.</summary>
    /// <exception cref="TrainingException">A setting is unknown, missing, of the wrong kind or out of bounds.</exception>
    public static PipelineOptions Parse(JsonObject settings)
    {
        try
        {
            PipelineOptions options = settings.Deserialize<PipelineOptions>(Strict)!;
            options.Validate();
            return options;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new TrainingException($"The settings are wrong: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
