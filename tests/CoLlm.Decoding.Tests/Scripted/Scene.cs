using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;

namespace CoLlm.Decoding.Tests.Scripted;

/// <summary>A base, experts and a swap head on scripted models, and requests against them.</summary>
internal sealed class Scene
{
    public const int Vocabulary = 40;
    public const int ExpertVocabulary = 44;
    public const int HiddenSize = 24;

    public Scene(int seed = 1, int expertCount = 1)
    {
        BaseModel = new ScriptedModel(seed, Vocabulary + 2, HiddenSize);
        ExpertModels = [.. Enumerable.Range(0, expertCount).Select(k => new ScriptedModel(seed * 100 + k + 7, ExpertVocabulary))];
        Base = new ScriptedBase(BaseModel);
        Experts = [.. ExpertModels.Select((model, k) => new ScriptedExpert($"expert-{k}", model, Vocabulary))];
        var random = new Random(seed);
        float[] theta = [.. Enumerable.Range(0, expertCount * HiddenSize).Select(_ => (float)(random.NextDouble() * 2 - 1))];
        Head = expertCount == 0 ? null : new SwapHead(theta, HiddenSize);
    }

    public ScriptedModel BaseModel { get; }

    public ScriptedModel[] ExpertModels { get; }

    public ScriptedBase Base { get; init; }

    public ScriptedExpert[] Experts { get; set; }

    public SwapHead? Head { get; init; }

    public CollectingSink Sink { get; init; } = new();

    public ITokenText Text { get; init; } = ScriptedText.Letters;

    public static DecodingRequest Request(float threshold = 0.5f, int maxNewTokens = 40) => new()
    {
        Prompt = new[] { 3, 1, 4, 1, 5 },
        MaxNewTokens = maxNewTokens,
        UsableVocabularySize = Vocabulary,
        Policy = new ThresholdPolicy(threshold),
    };

    public static StopConditions Stop(int[]? endOfSequence = null, int[]? ids = null, string[]? strings = null) =>
        StopConditions.TryCreate(endOfSequence ?? [], ids ?? [], strings ?? [], out string? problem) ?? throw new ArgumentException(problem);

    public Task<DecodingSummary> DecodeAsync(
        DecodingRequest request, CancellationToken shutdown = default, CancellationToken cancellationToken = default)
    {
        IBaseSession? baseSession = request.Mode == DecodingMode.ExpertOnly ? null : Base;
        var decoder = new CollaborativeDecoder(request, new DecodingModels(baseSession, Head, Experts), Text, Sink, TimeProvider.System);
        return decoder.DecodeAsync(shutdown, cancellationToken);
    }

    /// <summary>The method's loop as its description has it: greedy, threshold, whole prefix at every token.</summary>
    public (int[] TokenIds, int[] Origins) DecodeNaively(DecodingRequest request, float threshold)
    {
        List<int> prefix = [.. request.Prompt.Span];
        List<int> origins = [];
        for (int step = 0; step < request.MaxNewTokens; step++)
        {
            float[] hidden = BaseModel.HiddenState([.. prefix]);
            double[] weights = [.. Enumerable.Range(0, Experts.Length).Select(k => Math.Exp(Dot(k, hidden)))];
            double deferral = weights.Sum() / (1 + weights.Sum());
            int expert = Array.IndexOf(weights, weights.DefaultIfEmpty().Max());
            bool defers = deferral > threshold;
            prefix.Add(Argmax(defers ? ExpertModels[expert].Logits([.. prefix]) : BaseModel.Logits([.. prefix])));
            origins.Add(defers ? expert : -1);
        }

        return ([.. prefix.Skip(request.Prompt.Length)], [.. origins]);
    }

    private static int Argmax(float[] logits) => Array.IndexOf(logits, logits[..Vocabulary].Max());

    private double Dot(int expert, float[] hidden) => hidden.Select((value, i) => (double)value * Head!.Theta[expert * HiddenSize + i]).Sum();
}
