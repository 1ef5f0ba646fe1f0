using System.ComponentModel.DataAnnotations;
using CoLlm.ServiceDefaults.Configuration;

namespace CoLlm.Expert.OpenAi;

/// <summary>An existing engine that computes a model, reached over HTTP with token ids, and relied on for its prefix cache.</summary>
public sealed record OpenAiOptions
{
    /// <summary>The server's root, such as <c>http://10.0.0.7:8000</c>; without <c>/v1</c>.</summary>
    [Required]
    public string Endpoint { get; init; } = "";

    /// <summary>The model as the server lists it; empty: the only one it has.</summary>
    /// <value>empty</value>
    public string Model { get; init; } = "";

    /// <summary>Which server it is, since token ids and log-probabilities are asked for differently.</summary>
    /// <value>Auto: as the server's model list says</value>
    public ServerFlavor Flavor { get; init; }

    /// <summary>Directory with the model's tokenizer (and <c>config.json</c>, where there is one); compared with the server's at start.</summary>
    [Required]
    public string Tokenizer { get; init; } = "";

    /// <summary>File whose first line is sent as bearer token; empty: none is sent. Read at start, never logged.</summary>
    /// <value>empty</value>
    public string ApiKeyFile { get; init; } = "";

    /// <summary>Environment variable that holds the bearer token, where it is in no file.</summary>
    /// <value>empty</value>
    public string ApiKeyVariable { get; init; } = "";

    /// <summary>The most probable tokens asked for at a position; not above what the server allows (vLLM: <c>--max-logprobs</c>, 20).</summary>
    /// <value>20</value>
    [Range(1, 65536)]
    public int TopTokens { get; init; } = 20;

    /// <summary>The server's context length, where it does not tell.</summary>
    /// <value>0: as the server says</value>
    [Range(0, 1 << 27)]
    public int ContextTokens { get; init; }

    /// <summary>Changes whenever the weights do, in the operator's words; empty: made of what the server tells, which weights are not part of.</summary>
    /// <value>empty</value>
    public string Fingerprint { get; init; } = "";

    /// <summary>Requests of this model that are under way at the same time; the server batches them.</summary>
    /// <value>64</value>
    [Range(1, 4096)]
    public int MaxConcurrentRequests { get; init; } = 64;

    /// <summary>Positions one Ask may name; each is a request of its own.</summary>
    /// <value>8</value>
    [Range(1, 256)]
    public int MaxPositionsPerAsk { get; init; } = 8;

    /// <summary>Longest wait for one answer of the server, the wait for a place among <see cref="MaxConcurrentRequests"/> included.</summary>
    /// <value>1 minute</value>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the server may take to become ready after this process has started.</summary>
    /// <value>30 minutes</value>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How often the server's health is looked at.</summary>
    /// <value>5 s</value>
    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A sentence for each value that cannot be used, with its path.</summary>
    public IEnumerable<string> FindProblems(string path)
    {
        if (!Uri.TryCreate(Endpoint, UriKind.Absolute, out Uri? endpoint) || endpoint.Scheme is not ("http" or "https"))
            yield return $"{path}.Endpoint is \"{Endpoint}\"; it must be a URL such as http://10.0.0.7:8000.";
        else if (endpoint.UserInfo.Length > 0 || endpoint.Query.Length > 0 || endpoint.Fragment.Length > 0)
            yield return $"{path}.Endpoint has a user, a query or a fragment; name the server's root alone, and the key by ApiKeyFile or ApiKeyVariable.";
        else if (endpoint.AbsolutePath.TrimEnd('/').EndsWith("/v1", StringComparison.Ordinal))
            yield return $"{path}.Endpoint is \"{Endpoint}\"; leave out /v1, the server's root is needed.";
        if (Tokenizer.Length == 0)
            yield return $"{path}.Tokenizer is empty; it must name a directory with the model's tokenizer.";
        if (ApiKeyFile.Length > 0 && ApiKeyVariable.Length > 0)
            yield return $"{path}.ApiKeyFile and {path}.ApiKeyVariable are both set; one is enough.";
        if (ApiKeyVariable.StartsWith(ServiceConfiguration.EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
            yield return $"{path}.ApiKeyVariable is {ApiKeyVariable}; variables that begin with {ServiceConfiguration.EnvironmentPrefix} are settings, so name another.";
        (string, TimeSpan)[] times = [(nameof(RequestTimeout), RequestTimeout), (nameof(StartTimeout), StartTimeout), (nameof(HealthInterval), HealthInterval)];
        foreach ((string name, TimeSpan value) in times)
        {
            if (value <= TimeSpan.Zero || value > TimeSpan.FromDays(1))
                yield return $"{path}.{name} is {value}; it must be above 0 and at most 1 day.";
        }
    }
}

/// <summary>The servers whose dialect is known.</summary>
public enum ServerFlavor
{
    /// <summary>As the server's model list says.</summary>
    Auto,

    /// <summary>vLLM: <c>/v1/completions</c> with token ids, scoring by <c>prompt_logprobs</c>.</summary>
    Vllm,

    /// <summary>SGLang: its native <c>/generate</c>, scoring by <c>logprob_start_len</c>.</summary>
    Sglang,

    /// <summary>llama.cpp's server: its native <c>/completion</c>; it cannot score.</summary>
    LlamaCpp,
}
