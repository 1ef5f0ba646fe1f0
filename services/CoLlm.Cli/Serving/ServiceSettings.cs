namespace CoLlm.Cli.Serving;

/// <summary>
/// Configuration files of services that this program runs as processes: on loopback, with packed weights in memory, so that nothing is
/// written beside the models.
/// </summary>
internal static class ServiceSettings
{
    private const string AnyPort = "http://127.0.0.1:0";
    private const int LeastMaxNewTokens = 4096;

    private static readonly object Drain = new { Timeout = "00:00:05" };

    /// <param name="name">The model's.</param>
    /// <param name="directory">The model's.</param>
    /// <param name="threads">Compute threads.</param>
    public static object Expert(string name, string directory, int threads) => new
    {
        Listen = AnyPort,
        HealthListen = AnyPort,
        Models = new[] { new { Name = name, Directory = directory, Threads = threads, PackedWeights = "Memory" } },
        Drain,
    };

    /// <param name="port">Where clients come; 0: any free one.</param>
    /// <param name="directory">The base's.</param>
    /// <param name="swapHead">Its file.</param>
    /// <param name="threads">Compute threads.</param>
    /// <param name="maxNewTokens">Longest answer that may be asked for.</param>
    /// <param name="experts">Name, name at the service, and where that is.</param>
    /// <param name="hasHttp">Whether applications may come over HTTP.</param>
    public static object Router(
        int port, string directory, string swapHead, int threads, int maxNewTokens, IEnumerable<(string Name, string Model, Uri Address)> experts,
        bool hasHttp = false) => new
        {
            Listen = $"http://127.0.0.1:{port}",
            HealthListen = AnyPort,
            HttpListen = hasHttp ? AnyPort : "",
            ModelName = "local",
            Base = new { Directory = directory, Threads = threads, PackedWeights = "Memory" },
            SwapHead = new { File = swapHead },
            Experts = experts.Select(expert => new { expert.Name, expert.Model, Addresses = new[] { expert.Address.GetLeftPart(UriPartial.Authority) } }).ToArray(),
            Requests = new { MaxNewTokens = Math.Max(LeastMaxNewTokens, maxNewTokens) },
            Drain,
        };
}
