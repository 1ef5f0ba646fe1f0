using System.ComponentModel.DataAnnotations;
using CoLlm.Expert.OpenAi;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Cpu;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.ServiceDefaults.Tls;

namespace CoLlm.Expert;

/// <summary>Everything an expert process can be told: the schema of its configuration file.</summary>
public sealed record ExpertOptions
{
    /// <summary>Calls of one connection besides its sessions.</summary>
    private const int SparePlaces = 64;

    /// <summary>
    /// Where gRPC is served, HTTP/2: <c>http://HOST:PORT</c> in cleartext, <c>https://HOST:PORT</c> (port 0: any free one) or <c>unix:/path</c>.
    /// </summary>
    /// <value>http://127.0.0.1:5200</value>
    [Required]
    public string Listen { get; init; } = "http://127.0.0.1:5200";

    /// <summary>Where <c>/healthz</c> and <c>/readyz</c> are served over HTTP/1.1; empty: nowhere (gRPC health is on <see cref="Listen"/>).</summary>
    /// <value>empty</value>
    public string HealthListen { get; init; } = "";

    /// <summary>What is shown and asked for at <c>https://</c> addresses.</summary>
    /// <value>null: every address is in cleartext</value>
    public TlsListenOptions? Tls { get; init; }

    /// <summary>The models, each with an engine of its own; at least one.</summary>
    public List<ExpertModelOptions> Models { get; init; } = [];

    public SessionLimits Limits { get; init; } = new();

    /// <summary>What happens to open sessions after SIGTERM.</summary>
    public DrainOptions Drain { get; init; } = new();

    internal Listeners Listeners => new() { Grpc = Listen, Health = HealthListen, Tls = Tls, MaxStreams = Limits.MaxSessions + SparePlaces };

    /// <summary>Rules across several values; a sentence for each one broken. Certificates are read.</summary>
    public IEnumerable<string> FindProblems()
    {
        foreach (string problem in Listeners.FindProblems())
            yield return problem;
        if (Models.Count == 0)
            yield return "Models is empty; an expert needs at least one model.";
        foreach (string name in Models.GroupBy(model => model.Name).Where(group => group.Count() > 1).Select(group => group.Key))
            yield return $"Models has the name \"{name}\" more than once.";
        foreach (string problem in Models.SelectMany((model, index) => model.FindProblems($"Models[{index}]")))
            yield return problem;
        foreach (ExpertModelOptions model in Models.Where(model => !DeviceBackends.IsProcessor(model.Device) && model.WeightFormat != WeightFormat.AsStored))
            yield return $"Models: \"{model.Name}\" has the device {model.Device} and the weight format {model.WeightFormat}; quantised weights are for the device cpu.";
        if (Limits.CreditTokens < 2 * Limits.FlushTokens)
            yield return $"Limits.CreditTokens is {Limits.CreditTokens}; it must be at least twice Limits.FlushTokens ({Limits.FlushTokens}), or clients stall.";
        if (Limits.IdleTimeout < TimeSpan.Zero || Limits.IdleTimeout > TimeSpan.FromDays(1))
            yield return $"Limits.IdleTimeout is {Limits.IdleTimeout}; it must be 0 to 1 day.";
        if (Limits.RetryAfter <= TimeSpan.Zero || Limits.RetryAfter > TimeSpan.FromHours(1))
            yield return $"Limits.RetryAfter is {Limits.RetryAfter}; it must be above 0 and at most 1 hour.";
        if (Drain.Timeout < TimeSpan.Zero || Drain.Timeout > TimeSpan.FromHours(1))
            yield return $"Drain.Timeout is {Drain.Timeout}; it must be 0 to 1 hour.";
    }
}

/// <summary>One model of an expert process.</summary>
public sealed record ExpertModelOptions
{
    /// <summary>Name by which routers ask for it.</summary>
    [Required]
    public string Name { get; init; } = "";

    /// <summary>A Hugging Face model directory, which the engine of this process loads; empty where <see cref="OpenAi"/> is set.</summary>
    public string Directory { get; init; } = "";

    /// <summary>An existing engine that computes the model instead; the settings below are then its own concern.</summary>
    /// <value>null: the engine of this process</value>
    public OpenAiOptions? OpenAi { get; init; }

    /// <summary>Where it runs: <c>cpu</c>, or <c>cuda:N</c> in builds with <c>-p:Torch=cuda</c>.</summary>
    /// <value>cpu</value>
    [Required]
    public string Device { get; init; } = "cpu";

    /// <summary>Compute threads; 0: one for each core.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    public WeightFormat WeightFormat { get; init; }

    /// <summary>Where packed weights are kept; see <see cref="CpuBackendOptions.Storage"/>.</summary>
    public PackedWeightStorage PackedWeights { get; init; }

    /// <summary>Folder for packed weights; empty: beside the checkpoint where that is writable.</summary>
    public string CacheDirectory { get; init; } = "";

    /// <summary>Memory for keys and values. With several models on one GPU say it for each, or the first takes what is free.</summary>
    /// <value>null: 1 GiB on the processor, nine tenths of what the weights leave free on a GPU</value>
    [Range(1L << 20, 1L << 44)]
    public long? KvCacheBytes { get; init; }

    /// <summary>A sentence for each value that cannot be used, with its path.</summary>
    public IEnumerable<string> FindProblems(string path)
    {
        if (OpenAi is null)
            return Directory.Length > 0 ? [] : [$"{path} has neither Directory nor OpenAi; one of them says where the model is."];
        IEnumerable<string> both = Directory.Length > 0 ? [$"{path} has both Directory and OpenAi; one of them says where the model is."] : [];
        return both.Concat(OpenAi.FindProblems($"{path}.OpenAi"));
    }
}

/// <summary>The bounds of an expert process. Refusals name them.</summary>
public sealed record SessionLimits
{
    /// <summary>Sessions open at the same time, over all models.</summary>
    /// <value>64</value>
    [Range(1, 65536)]
    public int MaxSessions { get; init; } = 64;

    /// <summary>Longest sequence of a session; 0: the model's context.</summary>
    /// <value>0</value>
    [Range(0, int.MaxValue)]
    public int MaxSequenceTokens { get; init; }

    /// <summary>Positions one Ask may name.</summary>
    /// <value>64</value>
    [Range(1, 256)]
    public int MaxPositionsPerAsk { get; init; } = 64;

    /// <summary>Largest k of a top-k answer.</summary>
    /// <value>256</value>
    [Range(1, 65536)]
    public int MaxTopK { get; init; } = 256;

    /// <summary>Appended tokens that may be unacknowledged.</summary>
    /// <value>256</value>
    [Range(2, 1 << 20)]
    public int CreditTokens { get; init; } = 256;

    /// <summary>Pending tokens that are worth a pass of their own. Fewer wait for the next Ask or ride with other sessions' passes.</summary>
    /// <value>32</value>
    [Range(1, 1 << 16)]
    public int FlushTokens { get; init; } = 32;

    /// <summary>A session that hears nothing for so long may be evicted when another needs its place.</summary>
    /// <value>1 minute</value>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What a refused router is told to wait before it tries again.</summary>
    /// <value>200 ms</value>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Largest message received.</summary>
    /// <value>4 MiB</value>
    [Range(1024, 1 << 30)]
    public int MaxMessageBytes { get; init; } = 4 << 20;

    /// <summary>Sequences of one Score stream that are computed side by side.</summary>
    /// <value>16</value>
    [Range(1, 1024)]
    public int MaxPendingSequences { get; init; } = 16;
}
