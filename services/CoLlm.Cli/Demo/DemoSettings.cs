using System.Text.Json;
using System.Text.Json.Serialization;

namespace CoLlm.Cli.Demo;

/// <summary>What a folder of demo models wants of its router: <c>demo.json</c> in it, which may be absent.</summary>
internal sealed record DemoSettings
{
    public const string FileName = "demo.json";

    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Share of tokens to defer where a request says nothing, 0 to 1; null: the threshold that calibration marked.</summary>
    public float? TargetRate { get; init; }

    /// <exception cref="DemoException">The file is there and malformed.</exception>
    public static DemoSettings Of(string folder)
    {
        string file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
            return new DemoSettings();
        try
        {
            return JsonSerializer.Deserialize<DemoSettings>(File.ReadAllBytes(file), Strict) is { TargetRate: null or (>= 0f and <= 1f) } settings
                ? settings
                : throw new DemoException($"{file}: target_rate must be from 0 to 1.");
        }
        catch (JsonException exception)
        {
            throw new DemoException($"{file}: {exception.Message}", exception);
        }
    }
}
