using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CoLlm.Training.Output;

namespace CoLlm.Training.Pipeline;

/// <summary>The pipeline's stages on disk, in the order of their numbers; all of them readable by people.</summary>
internal sealed class WorkFolder
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private readonly string _path;

    private WorkFolder(string path, string fingerprint) => (_path, Fingerprint) = (path, fingerprint);

    /// <summary>Of everything that decides the result.</summary>
    public string Fingerprint { get; }

    public string Sequences => File("1-sequences.jsonl");

    public string BaseScores => File("2-scores-base.jsonl");

    public string Labels => File("3-labels.jsonl");

    public string LabelSummary => File("3-labels.json");

    public string Head => File("4-head.safetensors");

    public string HeadReport => File("4-head.json");

    public string Checkpoints => File("5-checkpoints");

    public string Metrics => File("5-metrics.jsonl");

    public string ValidationSequences => File("6-validation.jsonl");

    public string Calibration => File("6-calibration.json");

    /// <summary>Opens or creates the folder.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="models">Fingerprints of the models that take part.</param>
    /// <exception cref="TrainingException">It holds stages of other settings, data or models.</exception>
    public static WorkFolder Open(PipelineOptions options, IEnumerable<string> models)
    {
        string fingerprint = FingerprintOf(options, models);
        Directory.CreateDirectory(options.Work);
        string path = Path.Combine(options.Work, "pipeline.json");
        if (System.IO.File.Exists(path))
        {
            if (SavedFingerprint(path) != fingerprint)
            {
                throw new TrainingException(
                    $"{options.Work}: it holds stages of other settings, data or models (see pipeline.json in it); "
                    + "choose another work folder or delete this one.");
            }
        }
        else
        {
            AtomicFile.WriteText(path, JsonSerializer.Serialize(new { fingerprint, options }, Readable));
        }

        return new WorkFolder(options.Work, fingerprint);
    }

    public string ExpertScores(string name) => File($"2-scores-expert-{name}.jsonl");

    public string ValidationScores(string name) => File($"6-scores-expert-{name}.jsonl");

    /// <summary>Writes a report as indented JSON with snake-case names.</summary>
    public static void WriteJson<T>(string path, T report) => AtomicFile.WriteText(path, JsonSerializer.Serialize(report, Readable) + "\n");

    private static string? SavedFingerprint(string path)
    {
        try
        {
            return JsonNode.Parse(System.IO.File.ReadAllText(path))?["fingerprint"]?.GetValue<string>();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new TrainingException($"{path}: it is damaged; choose another work folder or delete this one.", e);
        }
    }

    private string File(string name) => Path.Combine(_path, name);

    private static string FingerprintOf(PipelineOptions options, IEnumerable<string> models)
    {
        // Where things lie and how many threads compute does not matter to the result.
        PipelineOptions decisive = options with
        {
            Work = "",
            Output = "",
            Data = HashOf(options.Data),
            Validation = options.Validation is null ? null : HashOf(options.Validation),
            Model = "",
            Experts = [.. options.Experts.Select(expert => expert with { Directory = "", Address = null })],
            Training = options.Training with { ThreadCount = 1, CheckpointEverySteps = 1 },
        };
        string text = JsonSerializer.Serialize(decisive, Readable) + "\n" + string.Join("\n", models);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
    }

    private static string HashOf(string path)
    {
        try
        {
            using FileStream file = System.IO.File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path}: cannot be read, {e.Message}", e);
        }
    }
}
