using System.Text.Json;
using System.Text.Json.Nodes;
using CoLlm.Training.Model;

namespace CoLlm.Training.Output;

/// <summary>Writes a trained model as a Hugging Face directory: configuration, weights, and the tokenizer's files as they were.</summary>
internal static class ModelFolder
{
    private static readonly string[] CopiedFiles =
    [
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
        "generation_config.json",
    ];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Writes configuration and weights into <paramref name="folder"/>, which exists.</summary>
    /// <param name="folder">Target.</param>
    /// <param name="sourceFolder">The model that training started from.</param>
    /// <param name="tensors">All tensors of the model.</param>
    /// <param name="format">How weights are stored.</param>
    public static void Write(string folder, string sourceFolder, IReadOnlyList<NamedTensor> tensors, SavedFormat format)
    {
        File.WriteAllText(Path.Combine(folder, "config.json"), Config(sourceFolder, format));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors, format);
        foreach (string name in CopiedFiles)
        {
            string source = Path.Combine(sourceFolder, name);
            if (File.Exists(source))
                File.Copy(source, Path.Combine(folder, name), overwrite: true);
        }
    }

    /// <summary>The model's tensors with adapters merged into copies of the weights they belong to.</summary>
    public static IReadOnlyList<NamedTensor> MergedTensors(Kernels.ComputeContext compute, TrainableModel model)
    {
        Dictionary<Parameter, LoraAdapter> adapters = model.Layers.SelectMany(layer => layer.Projections)
            .Where(projection => projection.Adapter is not null).ToDictionary(projection => projection.Weight, projection => projection.Adapter!);
        return [.. model.Parameters.Select(parameter => adapters.TryGetValue(parameter, out LoraAdapter? adapter)
            ? Merged(compute, parameter, adapter)
            : NamedTensor.Of(parameter))];
    }

    private static NamedTensor Merged(Kernels.ComputeContext compute, Parameter parameter, LoraAdapter adapter)
    {
        Kernels.FloatBlock weight = new(parameter.Value.Length);
        parameter.Value.Span.CopyTo(weight.Span);
        adapter.AddTo(compute, weight);
        return NamedTensor.Of(parameter.Name, parameter, weight);
    }

    private static string Config(string sourceFolder, SavedFormat format)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(sourceFolder, "config.json")))!.AsObject();
        string type = format == SavedFormat.Float32 ? "float32" : "bfloat16";
        config.Remove("dtype");
        config["torch_dtype"] = type;
        return config.ToJsonString(Indented);
    }
}
