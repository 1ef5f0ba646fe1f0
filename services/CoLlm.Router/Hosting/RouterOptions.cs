using System.ComponentModel.DataAnnotations;
using CoLlm.Decoding.Experts;
using CoLlm.Inference.Cpu;
using CoLlm.Router.Admission;
using CoLlm.Router.Base;
using CoLlm.Router.Experts;
using CoLlm.ServiceDefaults.Files;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.ServiceDefaults.Tls;

namespace CoLlm.Router.Hosting;

/// <summary>All settings of a router process; <c>README.md</c> beside it lists every one with its default.</summary>
public sealed record RouterOptions
{
    /// <summary>Experts of one router; a request names no more.</summary>
    public const int MaxExperts = 64;

    /// <summary>
    /// Where gRPC is served, HTTP/2: <c>http://IP:PORT</c> in cleartext, <c>https://IP:PORT</c> (port 0: any free one) or <c>unix:/path</c>.
    /// </summary>
    /// <value>http://127.0.0.1:5100.</value>
    [Required]
    public string Listen { get; init; } = "http://127.0.0.1:5100";

    /// <summary>
    /// Where <c>/healthz</c> and <c>/readyz</c> are served over HTTP/1.1: without TLS one port cannot tell the two versions apart.
    /// </summary>
    /// <value>empty: they are served at <see cref="Listen"/> alone, to HTTP/2 clients.</value>
    public string HealthListen { get; init; } = "";

    /// <summary>
    /// Where applications come that speak OpenAI's HTTP API: HTTP/1.1 in cleartext, with TLS HTTP/2 as well. Below <c>/v1/</c>,
    /// <c>/healthz</c> and <c>/readyz</c>, and the page of <see cref="HttpPlayground"/>.
    /// </summary>
    /// <value>empty: nowhere.</value>
    public string HttpListen { get; init; } = "";

    /// <summary>A file of keys, one a line, of which requests at <see cref="HttpListen"/> must have one: <c>Authorization: Bearer KEY</c>.</summary>
    /// <value>empty: none is asked for.</value>
    public string HttpApiKeysPath { get; init; } = "";

    /// <summary>Whether <see cref="HttpListen"/> serves a page at <c>/</c> that asks and shows who wrote each token. The page needs no key; asking does.</summary>
    /// <value>true.</value>
    public bool HttpPlayground { get; init; } = true;

    /// <summary>What is shown and asked for at <c>https://</c> addresses.</summary>
    /// <value>null: every address is in cleartext.</value>
    public TlsListenOptions? Tls { get; init; }

    /// <summary>The name under which clients ask for base, swap head and experts together.</summary>
    /// <value>collm.</value>
    [Required]
    [StringLength(128, MinimumLength = 1)]
    public string ModelName { get; init; } = "collm";

    /// <summary>The base model.</summary>
    [Required]
    public BaseModelOptions? Base { get; init; }

    /// <summary>What decides who writes.</summary>
    public SwapHeadOptions SwapHead { get; init; } = new();

    /// <summary>The experts, in the order of the swap head's rows where it has names for them.</summary>
    /// <value>None: the base alone.</value>
    [MaxLength(MaxExperts)]
    public ExpertOptions[] Experts { get; init; } = [];

    /// <summary>Defaults and limits of requests.</summary>
    public RequestOptions Requests { get; init; } = new();

    /// <summary>How many requests are let in.</summary>
    public AdmissionOptions Admission { get; init; } = new();

    /// <summary>How a stop proceeds.</summary>
    public DrainOptions Drain { get; init; } = new();

    internal SettingFile? ApiKeys => HttpApiKeysPath.Length > 0 ? new SettingFile(nameof(HttpApiKeysPath), HttpApiKeysPath) : null;

    internal Listeners Listeners => new()
    {
        Grpc = Listen,
        Health = HealthListen,
        Http = HttpListen,
        Tls = Tls,
        MaxStreams = Admission.MaxStreamsPerConnection,
    };

    /// <summary>Rules across several values: a sentence for each one that is broken. Certificates are read.</summary>
    public IEnumerable<string> FindProblems() => RouterOptionsRules.Check(this);
}

/// <summary>The base model and its engine.</summary>
public sealed record BaseModelOptions
{
    /// <summary>A Hugging Face model directory.</summary>
    [Required]
    [MinLength(1)]
    public string Directory { get; init; } = "";

    /// <summary>Where it runs: <c>cpu</c>, or <c>cuda:N</c> in builds with <c>-p:Torch=cuda</c>.</summary>
    /// <value>cpu.</value>
    [Required]
    public string Device { get; init; } = "cpu";

    /// <summary>Compute threads.</summary>
    /// <value>0: one for each core.</value>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>How weights are kept in memory.</summary>
    /// <value>AsStored.</value>
    public WeightFormat WeightFormat { get; init; }

    /// <summary>Where packed weights are kept.</summary>
    /// <value>CacheFile.</value>
    public PackedWeightStorage PackedWeights { get; init; }

    /// <summary>Tokens of all requests together that the KV cache holds.</summary>
    /// <value>null: as many as fit into 1 GiB, or on a GPU into nine tenths of what the weights leave free.</value>
    [Range(1, 1 << 28)]
    public int? KvTokens { get; init; }

    /// <summary>Longest sequence, prompt and answer together.</summary>
    /// <value>null: what the model was made for.</value>
    [Range(2, 1 << 24)]
    public int? MaxSequenceTokens { get; init; }
}

/// <summary>Defaults and limits of requests.</summary>
public sealed record RequestOptions
{
    /// <summary>Tokens written where a request does not say.</summary>
    /// <value>256.</value>
    [Range(1, 1 << 20)]
    public int DefaultMaxNewTokens { get; init; } = 256;

    /// <summary>Most tokens that a request may ask for.</summary>
    /// <value>4096.</value>
    [Range(1, 1 << 20)]
    public int MaxNewTokens { get; init; } = 4096;

    /// <summary>Longest prompt.</summary>
    /// <value>null: the longest sequence less one.</value>
    [Range(1, 1 << 24)]
    public int? MaxPromptTokens { get; init; }

    /// <summary>The threshold where a request names no rule.</summary>
    /// <value>null: that of <see cref="TargetRate"/> where there is one, else the one that calibration marked as the best, else 0.5.</value>
    [Range(-1f, 1f)]
    public float? Threshold { get; init; }

    /// <summary>The target rate where a request names no rule; needs a calibrated swap head.</summary>
    /// <value>null.</value>
    [Range(0f, 1f)]
    public float? TargetRate { get; init; }

    /// <summary>What happens to a deferred token that no expert writes, where a request does not say.</summary>
    /// <value>Fail.</value>
    public WhenExpertUnavailable WhenExpertUnavailable { get; init; }

    /// <summary>How long Wait waits for one token, where a request does not say.</summary>
    /// <value>30 seconds.</value>
    public TimeSpan ExpertWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest wait for one token that a request may ask for.</summary>
    /// <value>5 minutes.</value>
    public TimeSpan MaxExpertWait { get; init; } = TimeSpan.FromMinutes(5);
}
