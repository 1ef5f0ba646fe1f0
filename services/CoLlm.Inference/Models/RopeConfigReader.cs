using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Models;

/// <summary>
/// Reads the rotary embedding's settings in all spellings found in published checkpoints: <c>rope_theta</c> with
/// <c>rope_scaling</c> (<c>type</c> or <c>rope_type</c>), or the newer <c>rope_parameters</c> that holds both.
/// </summary>
internal static class RopeConfigReader
{
    private const double DefaultTheta = 10_000;

    /// <exception cref="CheckpointException">A scaling that the engine does not compute, or values that make no sense.</exception>
    public static (double Theta, RopeScaling? Scaling) Read(ConfigSection config, int maxPositionCount)
    {
        if (config.OptionalPositive("partial_rotary_factor") is { } part && part != 1)
            throw config.Broken("partial_rotary_factor", "is not 1, and rotating a part of each head is not supported");

        string key = config.Has("rope_parameters") ? "rope_parameters" : "rope_scaling";
        ConfigSection? section = config.OptionalSection(key);
        double theta = section?.OptionalPositive("rope_theta") ?? config.OptionalPositive("rope_theta") ?? DefaultTheta;
        return (theta, section is { } scaling ? ReadScaling(config, key, scaling, maxPositionCount) : null);
    }

    private static RopeScaling? ReadScaling(ConfigSection config, string key, ConfigSection scaling, int maxPositionCount)
    {
        string? type = scaling.OptionalText("rope_type") ?? scaling.OptionalText("type");
        return type switch
        {
            "default" => null,
            null when key == "rope_parameters" => null,
            "linear" => new LinearRopeScaling(scaling.Positive("factor")),
            "llama3" => ReadLlama3(scaling, maxPositionCount),
            null => throw config.Broken(key, "names no 'rope_type'"),
            _ => throw config.Broken(key, $"has the type {CheckpointText.Quote(type)}; supported are default, linear and llama3"),
        };
    }

    private static Llama3RopeScaling ReadLlama3(ConfigSection scaling, int maxPositionCount)
    {
        double low = scaling.Positive("low_freq_factor");
        double high = scaling.Positive("high_freq_factor");
        if (high <= low)
            throw scaling.Broken("high_freq_factor", "is not above 'low_freq_factor'");
        int original = scaling.OptionalCount("original_max_position_embeddings", ModelConfigReader.MaxPositions) ?? maxPositionCount;
        return new Llama3RopeScaling(scaling.Positive("factor"), low, high, original);
    }
}
