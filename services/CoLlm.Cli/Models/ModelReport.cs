using System.Text.Json;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;

namespace CoLlm.Cli.Models;

/// <summary>What <c>collm inspect</c> says about a model directory.</summary>
internal sealed record ModelReport
{
    public required string Directory { get; init; }

    public required string Architecture { get; init; }

    public required long Parameters { get; init; }

    /// <summary>Stored bytes by element format.</summary>
    public required IReadOnlyDictionary<string, long> BytesByElementType { get; init; }

    public required int Layers { get; init; }

    public required int HiddenSize { get; init; }

    public required int FeedForwardSize { get; init; }

    public required int Heads { get; init; }

    public required int KeyValueHeads { get; init; }

    public required int HeadDim { get; init; }

    public required int Vocabulary { get; init; }

    public required bool TiedEmbeddings { get; init; }

    public required int ContextLength { get; init; }

    public required int? SlidingWindow { get; init; }

    public required string Rope { get; init; }

    public required int? BosTokenId { get; init; }

    public required IReadOnlyList<int> EosTokenIds { get; init; }

    /// <summary>File that holds a chat template, or null.</summary>
    public required string? ChatTemplate { get; init; }

    /// <summary>Id of the row that is the swap head, or null.</summary>
    public required int? SwapHeadRow { get; init; }

    public required long WeightBytes { get; init; }

    /// <summary>Keys and values of 1000 tokens, in single precision.</summary>
    public required long KvBytesPerThousandTokens { get; init; }

    /// <exception cref="CheckpointException">The directory holds no readable model.</exception>
    public static ModelReport Of(string directory)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        ModelConfig config = checkpoint.Config;
        List<TensorSummary> tensors = [.. checkpoint.Tensors];
        return new ModelReport
        {
            Directory = Path.GetFullPath(directory),
            Architecture = config.Architecture.ToString(),
            Parameters = tensors.Sum(t => t.ElementCount),
            BytesByElementType = tensors.GroupBy(t => t.ElementType).ToDictionary(g => g.Key, g => g.Sum(t => t.ByteLength)),
            Layers = config.LayerCount,
            HiddenSize = config.HiddenSize,
            FeedForwardSize = config.FeedForwardSize,
            Heads = config.HeadCount,
            KeyValueHeads = config.KeyValueHeadCount,
            HeadDim = config.HeadDim,
            Vocabulary = config.VocabularySize,
            TiedEmbeddings = config.TiesEmbeddings,
            ContextLength = config.MaxPositionCount,
            SlidingWindow = config.SlidingWindow,
            Rope = DescribeRope(config),
            BosTokenId = config.BosTokenId,
            EosTokenIds = config.EosTokenIds,
            ChatTemplate = FindChatTemplate(directory),
            SwapHeadRow = DeferralRow.Find(directory, config),
            WeightBytes = tensors.Sum(t => t.ByteLength),
            KvBytesPerThousandTokens = 1000L * 2 * sizeof(float) * config.LayerCount * config.KeyValueHeadCount * config.HeadDim,
        };
    }

    /// <summary>One label and one value per line.</summary>
    public IEnumerable<(string Label, string Value)> Lines()
    {
        yield return ("directory", Directory);
        yield return ("architecture", $"{Architecture}, {Parameters:N0} parameters");
        yield return ("stored as", string.Join(", ", BytesByElementType.OrderBy(p => p.Key).Select(p => $"{p.Key} ({Size(p.Value)})")));
        yield return ("layers", $"{Layers}, width {HiddenSize}, feed-forward {FeedForwardSize}");
        yield return ("attention", $"{Heads} heads, {KeyValueHeads} key-value heads, head width {HeadDim}{(SlidingWindow is { } w ? $", window {w}" : "")}");
        yield return ("vocabulary", $"{Vocabulary}{(TiedEmbeddings ? ", output tied to the embedding" : "")}");
        yield return ("context", $"{ContextLength} tokens, rotary {Rope}");
        yield return ("begins / ends with", $"{BosTokenId?.ToString() ?? "none"} / {(EosTokenIds.Count == 0 ? "none" : string.Join(", ", EosTokenIds))}");
        yield return ("chat template", ChatTemplate ?? "none");
        yield return ("swap head", SwapHeadRow is { } row ? $"row {row} of the output projection ({ResearchConvention.DeferralToken})" : "none");
        yield return ("memory for weights", Size(WeightBytes));
        yield return ("memory for 1000 tokens", Size(KvBytesPerThousandTokens));
    }

    private static string DescribeRope(ModelConfig config) => config.RopeScaling switch
    {
        LinearRopeScaling linear => $"theta {config.RopeTheta:0.###}, linear scaling by {linear.Factor:0.###}",
        Llama3RopeScaling llama3 => $"theta {config.RopeTheta:0.###}, llama3 scaling by {llama3.Factor:0.###}",
        _ => $"theta {config.RopeTheta:0.###}",
    };

    private static string Size(long bytes) => bytes switch
    {
        >= 1L << 30 => $"{bytes / (double)(1L << 30):0.00} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):0.0} MiB",
        _ => $"{bytes / 1024.0:0.0} KiB",
    };

    private static string? FindChatTemplate(string directory)
    {
        foreach (string file in (string[])["chat_template.jinja", "chat_template.json"])
        {
            if (File.Exists(Path.Combine(directory, file)))
                return file;
        }

        string path = Path.Combine(directory, "tokenizer_config.json");
        if (!File.Exists(path))
            return null;
        try
        {
            using FileStream stream = File.OpenRead(path);
            using JsonDocument document = JsonDocument.Parse(stream);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("chat_template", out _)
                ? "tokenizer_config.json"
                : null;
        }
        catch (JsonException e)
        {
            throw new CheckpointException("tokenizer_config.json: it is not valid JSON.", e);
        }
    }
}
