using CoLlm.Decoding;
using CoLlm.Decoding.Deferral;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using CoLlm.Testing.Golden;
using DecodingSampling = CoLlm.Inference.Sampling.SamplingParameters;
using WireSampling = CoLlm.Protocol.V1.SamplingParameters;

namespace CoLlm.EndToEnd.Tests.InProcess;

/// <summary>One answer to write, told to a router and to a decoder in this process in the same words.</summary>
internal sealed record Scenario
{
    public CollaborationMode Mode { get; init; } = CollaborationMode.Defer;

    /// <summary>Name of a prompt of the golden base.</summary>
    public string Prompt { get; init; } = "text";

    public float Threshold { get; init; } = 0.5f;

    public int MaxNewTokens { get; init; } = 32;

    /// <summary>Zero: greedy.</summary>
    public float Temperature { get; init; }

    public float TopP { get; init; } = 1f;

    public ulong Seed { get; init; }

    /// <summary>An answer of the base alone that needs every block of its cache.</summary>
    public static Scenario WholeBaseCache
    {
        get
        {
            Scenario scenario = new() { Mode = CollaborationMode.BaseOnly, Prompt = "short" };
            return scenario with { MaxNewTokens = Settings.BaseKvTokens - scenario.PromptIds.Length };
        }
    }

    public int[] PromptIds
    {
        get
        {
            using GoldenModel model = GoldenModel.Open("co-llm-tiny");
            return model.PromptIds(Prompt);
        }
    }

    /// <summary>Any scenario of a mode, the same for the same seed.</summary>
    public static Scenario Any(CollaborationMode mode, int seed)
    {
        Random random = new(seed);
        return new Scenario
        {
            Mode = mode,
            Prompt = random.Next(2) == 0 ? "short" : "text",
            Threshold = 0.2f + (0.6f * random.NextSingle()),
            Temperature = random.Next(2) == 0 ? 0f : 0.5f + random.NextSingle(),
            TopP = 0.8f + (0.2f * random.NextSingle()),
            Seed = (ulong)random.NextInt64(),
        };
    }

    public GenerateRequest ToMessage()
    {
        var request = new GenerateRequest
        {
            TokenIds = new TokenIds { Ids = { PromptIds } },
            MaxNewTokens = MaxNewTokens,
            Stop = new Protocol.V1.StopConditions { IgnoreEndOfSequence = true },
            Sampling = new WireSampling { Temperature = Temperature, TopP = TopP, Seed = Seed },
            Collaboration = new Collaboration { Mode = Mode },
        };
        if (Mode == CollaborationMode.Defer)
            request.Collaboration.Threshold = Threshold;
        return request;
    }

    public DecodingRequest ToDecoding(int usableVocabularySize) => new()
    {
        Prompt = PromptIds,
        MaxNewTokens = MaxNewTokens,
        UsableVocabularySize = usableVocabularySize,
        Mode = Enum.Parse<DecodingMode>(Mode.ToString()),
        Policy = Mode == CollaborationMode.Defer ? new ThresholdPolicy(Threshold) : new FixedPolicy(null),
        Sampling = DecodingSampling.Create(Temperature, topP: TopP, seed: Seed),
    };
}
