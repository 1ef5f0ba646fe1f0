using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CoLlm.Training.Pipeline;
using CoLlm.Training.Running;

namespace CoLlm.Training.Demo.Making;

/// <summary>Size of a model.</summary>
internal sealed record DemoModelShape(int HiddenSize, int IntermediateSize, int Layers, int Heads, int KeyValueHeads)
{
    /// <exception cref="TrainingException">Sizes do not go together or are out of bounds.</exception>
    public void Validate(string name)
    {
        bool isPossible = HiddenSize is >= 8 and <= 4096 && IntermediateSize is >= 8 and <= 16384 && Layers is >= 1 and <= 64
            && Heads >= 1 && KeyValueHeads >= 1 && HiddenSize % Heads == 0 && Heads % KeyValueHeads == 0 && HiddenSize / Heads % 2 == 0;
        if (!isPossible)
            throw new TrainingException($"The recipe's shape '{name}' has sizes that are out of bounds or do not divide one another.");
    }

    /// <summary>The model's <c>config.json</c>: Llama, with one matrix for embedding and output.</summary>
    public string ToConfigJson(int vocabularySize, int beginId, int endId, int maxPositions) => new JsonObject
    {
        ["architectures"] = new JsonArray("LlamaForCausalLM"),
        ["model_type"] = "llama",
        ["vocab_size"] = vocabularySize,
        ["hidden_size"] = HiddenSize,
        ["intermediate_size"] = IntermediateSize,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = Heads,
        ["num_key_value_heads"] = KeyValueHeads,
        ["hidden_act"] = "silu",
        ["max_position_embeddings"] = maxPositions,
        ["rms_norm_eps"] = 1e-5,
        ["rope_theta"] = 10000.0,
        ["tie_word_embeddings"] = true,
        ["attention_bias"] = false,
        ["mlp_bias"] = false,
        ["initializer_range"] = 0.02,
        ["bos_token_id"] = beginId,
        ["eos_token_id"] = endId,
        ["torch_dtype"] = "bfloat16",
    }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
}

/// <summary>Everything that decides what the demo's models become, text aside.</summary>
/// <param name="Corpus">How much text is drawn.</param>
/// <param name="VocabularySize">Pieces of the tokenizer that all share.</param>
/// <param name="MaxSequenceTokens">Longest example, and longest answer while thresholds are calibrated.</param>
/// <param name="MaxPositions">Longest sequence the models are declared for.</param>
/// <param name="BaseShape">Size of the base.</param>
/// <param name="ExpertShape">Size of each expert.</param>
/// <param name="BaseTraining">How the base learns to converse.</param>
/// <param name="ExpertTraining">How an expert learns its domain.</param>
/// <param name="HeadFit">How the swap head gets its start.</param>
/// <param name="JointTraining">How base and head learn together, and the base without experts for comparison.</param>
internal sealed record DemoRecipe(
    DemoCorpusOptions Corpus,
    int VocabularySize,
    int MaxSequenceTokens,
    int MaxPositions,
    DemoModelShape BaseShape,
    DemoModelShape ExpertShape,
    TrainingOptions BaseTraining,
    TrainingOptions ExpertTraining,
    HeadFitOptions HeadFit,
    TrainingOptions JointTraining)
{
    private const int MaxFileBytes = 1 << 20;

    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        AllowDuplicateProperties = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <exception cref="TrainingException">The file cannot be read, or a setting is unknown, missing or out of bounds.</exception>
    public static DemoRecipe Read(string path)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFileBytes)
                throw new TrainingException($"{path}: it has more than {MaxFileBytes} bytes.");
            DemoRecipe recipe = JsonSerializer.Deserialize<DemoRecipe>(File.ReadAllText(path), Strict) ?? throw new TrainingException($"{path}: it is null.");
            recipe.Validate();
            return recipe;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new TrainingException($"{path}: {exception.Message.ReplaceLineEndings(" ").TrimEnd('.')}.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TrainingException($"{path}: cannot be read, {exception.Message}", exception);
        }
    }

    private void Validate()
    {
        Corpus.Validate();
        BaseShape.Validate("base_shape");
        ExpertShape.Validate("expert_shape");
        BaseTraining.Validate();
        ExpertTraining.Validate();
        HeadFit.Validate();
        JointTraining.Validate();
        if (MaxPositions is < 16 or > 1 << 16 || MaxSequenceTokens < 2 || MaxSequenceTokens > MaxPositions)
            throw new TrainingException("The recipe's longest sequence must have at least 2 tokens and fit into its 16 to 65536 positions.");
    }
}
