using System.Text.Json;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Models;

/// <summary>
/// Turns <c>config.json</c> (and <c>generation_config.json</c> for the ids that end an answer) into a validated
/// <see cref="ModelConfig"/>. Absent keys take the defaults of each architecture's reference implementation.
/// </summary>
public static class ModelConfigReader
{
    /// <summary>No configuration may ask for a longer context.</summary>
    internal const int MaxPositions = 1 << 27;

    private const string FileName = "config.json";
    private const string GenerationFileName = "generation_config.json";
    private const int MaxFileBytes = 4 << 20;
    private const int MaxLayers = 4096;
    private const int MaxHeads = 4096;
    private const int MaxHeadDim = 4096;
    private const int MaxWidth = 1 << 20;
    private const int MaxVocabulary = 1 << 24;
    private const float DefaultEpsilon = 1e-6f;

    /// <summary>Reads the configuration of a model directory.</summary>
    /// <exception cref="CheckpointException">A file is missing or broken, or describes a model that the engine does not run.</exception>
    public static ModelConfig Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            throw new CheckpointException($"{directory}: it holds no {FileName}.");
        using JsonDocument document = JsonFile.Read(path, MaxFileBytes);
        ConfigSection config = ConfigSection.Root(document, FileName);
        ModelArchitecture architecture = ReadArchitecture(config);
        RefuseUnsupported(config, architecture);
        ModelConfig model = ReadSizes(config, architecture);
        return model with { EosTokenIds = ReadEosTokenIds(directory, config, model.VocabularySize) };
    }

    private static ModelConfig ReadSizes(ConfigSection config, ModelArchitecture architecture)
    {
        int hiddenSize = config.Count("hidden_size", MaxWidth);
        int layerCount = config.Count("num_hidden_layers", MaxLayers);
        int headCount = config.Count("num_attention_heads", MaxHeads);
        int vocabularySize = config.Count("vocab_size", MaxVocabulary);
        int maxPositionCount = config.OptionalCount("max_position_embeddings", MaxPositions) ?? DefaultMaxPositions(architecture);
        (double theta, RopeScaling? scaling) = RopeConfigReader.Read(config, maxPositionCount);
        return new ModelConfig
        {
            Architecture = architecture,
            HiddenSize = hiddenSize,
            LayerCount = layerCount,
            HeadCount = headCount,
            KeyValueHeadCount = ReadKeyValueHeadCount(config, architecture, headCount),
            HeadDim = ReadHeadDim(config, architecture, hiddenSize, headCount),
            FeedForwardSize = config.Count("intermediate_size", MaxWidth),
            VocabularySize = vocabularySize,
            MaxPositionCount = maxPositionCount,
            RmsNormEpsilon = ReadEpsilon(config),
            RopeTheta = theta,
            RopeScaling = scaling,
            SlidingWindow = SlidingWindowReader.Read(config, architecture, layerCount),
            TiesEmbeddings = config.Flag("tie_word_embeddings", otherwise: false),
            HasProjectionBias = architecture == ModelArchitecture.Qwen2,
            HasQueryKeyNorm = architecture == ModelArchitecture.Qwen3,
            BosTokenId = config.TokenIds("bos_token_id", vocabularySize) is [int bos, ..] ? bos : null,
            EosTokenIds = [],
        };
    }

    private static ModelArchitecture ReadArchitecture(ConfigSection config)
    {
        string? modelType = config.OptionalText("model_type");
        string? className = config.OptionalTexts("architectures") is [string first, ..] ? first : null;
        ModelArchitecture? byType = modelType switch
        {
            "llama" => ModelArchitecture.Llama,
            "mistral" => ModelArchitecture.Mistral,
            "qwen2" => ModelArchitecture.Qwen2,
            "qwen3" => ModelArchitecture.Qwen3,
            null => null,
            _ => throw Unsupported(config, "model_type", modelType),
        };
        ModelArchitecture? byClass = className switch
        {
            "LlamaForCausalLM" => ModelArchitecture.Llama,
            "MistralForCausalLM" => ModelArchitecture.Mistral,
            "Qwen2ForCausalLM" => ModelArchitecture.Qwen2,
            "Qwen3ForCausalLM" => ModelArchitecture.Qwen3,
            null => null,
            _ => throw Unsupported(config, "architectures", className),
        };
        if (byType is not null && byClass is not null && byType != byClass)
            throw config.Broken("architectures", $"says {className}, but 'model_type' says {modelType}");
        return byClass ?? byType ?? throw config.Broken("model_type", "is missing, and so is 'architectures'");
    }

    private static CheckpointException Unsupported(ConfigSection config, string key, string name) =>
        config.Broken(key, $"says {CheckpointText.Quote(name)}, a model that is not supported (Llama, Mistral, Qwen2 and Qwen3 are)");

    private static void RefuseUnsupported(ConfigSection config, ModelArchitecture architecture)
    {
        string activation = config.OptionalText("hidden_act") ?? "silu";
        if (activation is not ("silu" or "swish"))
            throw config.Broken("hidden_act", $"is {CheckpointText.Quote(activation)}; only silu is supported");
        if (config.Flag("mlp_bias", otherwise: false))
            throw config.Broken("mlp_bias", "is true, and biases in the feed-forward layer are not supported");
        if (architecture != ModelArchitecture.Qwen2 && config.Flag("attention_bias", otherwise: false))
            throw config.Broken("attention_bias", "is true, and a bias on the attention's output projection is not supported");
        if (config.Has("quantization_config"))
            throw config.Broken("quantization_config", "is there, and weights quantised by other tools are not supported");
    }

    private static int ReadKeyValueHeadCount(ConfigSection config, ModelArchitecture architecture, int headCount)
    {
        int otherwise = architecture switch
        {
            ModelArchitecture.Llama => headCount,
            _ when config.IsExplicitNull("num_key_value_heads") => headCount,
            ModelArchitecture.Mistral => 8,
            _ => 32,
        };
        int count = config.OptionalCount("num_key_value_heads", MaxHeads) ?? otherwise;
        if (headCount % count != 0)
            throw config.Broken("num_key_value_heads", $"is {count}, which does not divide the {headCount} heads");
        return count;
    }

    private static int ReadHeadDim(ConfigSection config, ModelArchitecture architecture, int hiddenSize, int headCount)
    {
        if (config.OptionalCount("head_dim", MaxHeadDim) is not { } headDim)
        {
            if (architecture == ModelArchitecture.Qwen3 && !config.IsExplicitNull("head_dim"))
                headDim = 128;
            else if (hiddenSize % headCount == 0)
                headDim = hiddenSize / headCount;
            else
                throw config.Broken("hidden_size", $"is {hiddenSize}, which {headCount} heads do not divide, and there is no 'head_dim'");
        }

        if (headDim % 2 != 0)
            throw config.Broken("head_dim", $"is {headDim}; rotary embedding needs an even number");
        if ((long)headDim * headCount > MaxWidth)
            throw config.Broken("head_dim", $"times 'num_attention_heads' is more than {MaxWidth}");
        return headDim;
    }

    private static float ReadEpsilon(ConfigSection config)
    {
        float epsilon = (float)(config.OptionalPositive("rms_norm_eps") ?? DefaultEpsilon);
        return epsilon is > 0 and < 1 ? epsilon : throw config.Broken("rms_norm_eps", "is not between 0 and 1");
    }

    private static int DefaultMaxPositions(ModelArchitecture architecture) => architecture switch
    {
        ModelArchitecture.Llama => 2048,
        ModelArchitecture.Mistral => 131072,
        _ => 32768,
    };

    private static IReadOnlyList<int> ReadEosTokenIds(string directory, ConfigSection config, int vocabularySize)
    {
        string path = Path.Combine(directory, GenerationFileName);
        if (File.Exists(path))
        {
            using JsonDocument document = JsonFile.Read(path, MaxFileBytes);
            IReadOnlyList<int> ids = ConfigSection.Root(document, GenerationFileName).TokenIds("eos_token_id", vocabularySize);
            if (ids.Count > 0)
                return ids;
        }

        return config.TokenIds("eos_token_id", vocabularySize);
    }
}
