using System.Text.Json.Nodes;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Models;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>A base and an expert of useful size with random weights, and a swap head for them, as model directories in a temporary folder.</summary>
internal sealed class GeneratedModels : IDisposable
{
    public const string ExpertName = "expert";
    public const int VocabularySize = ModelPair.VocabularySize;

    /// <summary>Compute threads of every process: half the machine, as if router and expert had machines of their own.</summary>
    public static int Threads { get; } = Math.Max(1, Environment.ProcessorCount / 2);

    public const int CachedAnswers = 32;

    private readonly TemporaryDirectory _folder = new();

    public GeneratedModels()
        : this(ModelPair.Small)
    {
    }

    public GeneratedModels(ModelPair pair)
    {
        Weights = pair.Weights;
        KvCacheBytes = ModelPair.KvBytes(pair.Expert, CachedAnswers * (RouterAnswer.PromptTokens + RouterAnswer.AnswerTokens));
        BaseDirectory = Write("base", pair.Base, seed: 1);
        ExpertDirectory = Write(ExpertName, pair.Expert, seed: 2);
        HeadFile = _folder.File("head.safetensors");
        Head = RandomHead(pair.Base.HiddenSize);
        using Checkpoint baseModel = Checkpoint.Open(BaseDirectory);
        using Checkpoint expert = Checkpoint.Open(ExpertDirectory);
        var trainedWith = new SwapHeadIdentity(
            baseModel.Fingerprint, Tokenizer.Load(BaseDirectory).Fingerprint, [new ExpertIdentity(ExpertName, expert.Fingerprint)]);
        new SwapHeadFile(Head, trainedWith, Calibration: null).Write(HeadFile);
    }

    /// <summary>
    /// The expert's pool: as a service that has run for some minutes it is full of old prefixes before anything is measured. A larger one
    /// would take memory that the system has to clear first, throughout the measurement.
    /// </summary>
    public long KvCacheBytes { get; }

    /// <summary>What base and expert are computed with.</summary>
    public WeightFormat Weights { get; }

    public string BaseDirectory { get; }

    public string ExpertDirectory { get; }

    public string HeadFile { get; }

    public SwapHead Head { get; }

    public string File(string name) => _folder.File(name);

    public void Dispose() => _folder.Dispose();

    /// <summary>Logits of about one standard deviation: hidden states after the norm are of length sqrt(hidden).</summary>
    private static SwapHead RandomHead(int hidden)
    {
        Random random = new(3);
        return new SwapHead([.. Enumerable.Range(0, hidden).Select(_ => (random.NextSingle() - 0.5f) * MathF.Sqrt(12f / hidden))], hidden);
    }

    /// <summary>Writes one more model and returns its directory.</summary>
    public string Write(string name, ModelConfig config, ulong seed)
    {
        string folder = Directory.CreateDirectory(_folder.File(name)).FullName;
        WriteTokenizer(folder, config.VocabularySize);
        RandomWeightsFile.WriteDirectory(folder, config, seed);
        return folder;
    }

    /// <summary>A golden tokenizer with made-up words up to the vocabulary's size.</summary>
    private static void WriteTokenizer(string folder, int vocabularySize)
    {
        string source = RepositoryPaths.Golden("models", "qwen2-tiny");
        System.IO.File.Copy(Path.Combine(source, "tokenizer_config.json"), Path.Combine(folder, "tokenizer_config.json"));
        JsonNode tokenizer = JsonNode.Parse(System.IO.File.ReadAllText(Path.Combine(source, "tokenizer.json")))!;
        JsonObject words = tokenizer["model"]!["vocab"]!.AsObject();
        for (int id = words.Count + tokenizer["added_tokens"]!.AsArray().Count; id < vocabularySize; id++)
            words[$"word{id}"] = id;
        System.IO.File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer.ToJsonString());
    }
}
