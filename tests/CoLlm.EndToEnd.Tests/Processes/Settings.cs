using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Processes;

/// <summary>
/// Configuration files of the processes under test: golden checkpoints, free ports, nothing written into the tree. Waits between attempts are
/// short; those for a peer, a place or an end are long enough for a busy machine.
/// </summary>
internal static class Settings
{
    public const string BaseModel = "co-llm-tiny";

    /// <summary>What the router's KV cache holds: exactly one sequence of the longest kind, so that any lost block is felt.</summary>
    public const int BaseKvTokens = 512;

    private const string AnyPort = "http://127.0.0.1:0";
    private const string Patience = "00:02:00";

    private static readonly object Drain = new { Timeout = Patience };

    /// <summary>One expert process with several models, each called as its golden checkpoint.</summary>
    public static object Expert(params string[] models) => new
    {
        Listen = AnyPort,
        HealthListen = AnyPort,
        Models = models.Select(name => new
        {
            Name = name,
            Directory = RepositoryPaths.Golden("models", name),
            Threads = 1,
            PackedWeights = "Memory",
            KvCacheBytes = 2 << 20,
        }).ToArray(),
        Drain,
    };

    /// <summary>One expert process whose model an existing engine computes.</summary>
    public static object ExpertElsewhere(string model, string endpoint) => new
    {
        Listen = AnyPort,
        HealthListen = AnyPort,
        Models = new[]
        {
            new { Name = model, OpenAi = new { Endpoint = endpoint, Tokenizer = RepositoryPaths.Golden("models", model), TopTokens = 528 } },
        },
    };

    /// <summary>A router over <c>co-llm-tiny</c>.</summary>
    /// <param name="swapHeadFile">Null: the checkpoint's own row.</param>
    /// <param name="experts">Name, which is the model's too, and replicas.</param>
    public static object Router(string? swapHeadFile, params (string Name, string[] Addresses)[] experts) => new
    {
        Listen = AnyPort,
        HealthListen = AnyPort,
        HttpListen = AnyPort,
        Base = new { Directory = RepositoryPaths.Golden("models", BaseModel), Threads = 1, PackedWeights = "Memory", KvTokens = BaseKvTokens },
        SwapHead = swapHeadFile is null ? new Dictionary<string, object> { ["ResearchConvention"] = true } : new() { ["File"] = swapHeadFile },
        Admission = new { MaxQueueTime = Patience },
        Drain,
        Experts = experts.Select(expert => new
        {
            expert.Name,
            expert.Addresses,
            ConnectTimeout = Patience,
            AskTimeout = Patience,
            OverloadPatience = Patience,
            InitialBackoff = "00:00:00.010",
            MaxBackoff = "00:00:00.050",
            DescribeInterval = "00:00:00",
        }).ToArray(),
    };
}
