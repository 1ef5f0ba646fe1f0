namespace CoLlm.Cli.Demo;

/// <summary>
/// Configuration files of the demo's services: on loopback, with one compute thread each, because they take turns; packed weights in
/// memory, so that nothing is written beside the models.
/// </summary>
internal static class ServiceSettings
{
    private const string AnyPort = "http://127.0.0.1:0";
    private const long KvCacheBytes = 128L << 20;
    private const int KvTokens = 16384;

    private static readonly object Drain = new { Timeout = "00:00:05" };

    public static object Expert(DemoModels models, string name) => new
    {
        Listen = AnyPort,
        HealthListen = AnyPort,
        Models = new[] { new { Name = name, Directory = models.DirectoryOf(name), Threads = 1, PackedWeights = "Memory", KvCacheBytes } },
        Drain,
    };

    /// <param name="models">What is served.</param>
    /// <param name="port">Where clients come; 0: any free one.</param>
    /// <param name="experts">Addresses, in the order of the models' experts.</param>
    public static object Router(DemoModels models, int port, IEnumerable<Uri> experts) => new
    {
        Listen = $"http://127.0.0.1:{port}",
        HealthListen = AnyPort,
        ModelName = "demo",
        Base = new { Directory = models.Base, Threads = 1, PackedWeights = "Memory", KvTokens },
        SwapHead = new { File = models.SwapHead },
        Experts = models.Experts.Zip(experts, (name, address) => new { Name = name, Addresses = new[] { address.ToString() } }).ToArray(),
        Drain,
    };
}
