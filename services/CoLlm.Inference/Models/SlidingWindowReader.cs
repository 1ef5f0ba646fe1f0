namespace CoLlm.Inference.Models;

/// <summary>
/// Finds out whether a model's layers attend through a window. All layers must agree; models that mix windowed and full layers
/// are refused.
/// </summary>
internal static class SlidingWindowReader
{
    private const int DefaultWindow = 4096;
    private const int DefaultQwenMaxWindowLayers = 28;

    /// <returns>Null: full attention.</returns>
    /// <exception cref="Checkpoints.CheckpointException">Some layers have a window and others have none.</exception>
    public static int? Read(ConfigSection config, ModelArchitecture architecture, int layerCount) => architecture switch
    {
        ModelArchitecture.Mistral => config.IsExplicitNull("sliding_window") ? null : Window(config),
        ModelArchitecture.Qwen2 or ModelArchitecture.Qwen3 => ReadQwen(config, layerCount),
        _ => null,
    };

    private static int? ReadQwen(ConfigSection config, int layerCount)
    {
        if (!config.Flag("use_sliding_window", otherwise: false) || config.IsExplicitNull("sliding_window"))
            return null;
        int windowed = WindowedLayers(config, layerCount);
        if (windowed == 0)
            return null;
        if (windowed == layerCount)
            return Window(config);
        string key = config.Has("layer_types") ? "layer_types" : "max_window_layers";
        throw config.Broken(key, $"gives {windowed} of {layerCount} layers a sliding window, and mixing windowed and full layers is not supported");
    }

    private static int WindowedLayers(ConfigSection config, int layerCount)
    {
        if (config.OptionalTexts("layer_types") is not { } types)
            return Math.Max(0, layerCount - (config.OptionalIndex("max_window_layers") ?? DefaultQwenMaxWindowLayers));
        if (types.Count != layerCount || types.Any(t => t is not ("full_attention" or "sliding_attention")))
            throw config.Broken("layer_types", $"is not a list of {layerCount} times full_attention or sliding_attention");
        return types.Count(t => t == "sliding_attention");
    }

    private static int Window(ConfigSection config) =>
        config.OptionalCount("sliding_window", ModelConfigReader.MaxPositions) ?? DefaultWindow;
}
