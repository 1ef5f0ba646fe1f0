using CoLlm.ServiceDefaults.Tls;

namespace CoLlm.ServiceDefaults.Listening;

/// <summary>Where a service listens, each address as its settings have it; see <see cref="ListenAddress"/>.</summary>
public sealed record Listeners
{
    /// <summary><c>Listen</c>: gRPC, HTTP/2.</summary>
    public required string Grpc { get; init; }

    /// <summary><c>HealthListen</c>: probes and scrapes, HTTP/1.1; empty: nowhere.</summary>
    public string Health { get; init; } = "";

    /// <summary><c>HttpListen</c>: applications that speak plain HTTP; empty: nowhere.</summary>
    public string Http { get; init; } = "";

    /// <summary><c>Tls</c>: what those at <c>https://</c> addresses show; null where there are none.</summary>
    public TlsListenOptions? Tls { get; init; }

    /// <summary>Calls that one connection may have open.</summary>
    public required int MaxStreams { get; init; }

    /// <summary>Those that are there, in the order in which they are bound.</summary>
    internal IEnumerable<(ListenerKind Kind, string Setting, string Address)> All =>
        new[] { (ListenerKind.Grpc, "Listen", Grpc), (ListenerKind.Health, "HealthListen", Health), (ListenerKind.Http, "HttpListen", Http) }
            .Where(listener => listener.Item1 == ListenerKind.Grpc || listener.Item3.Length > 0);

    /// <summary>A sentence for each value that cannot be used, naming its setting; the files of TLS are read.</summary>
    public IEnumerable<string> FindProblems()
    {
        bool anySecure = false;
        foreach ((ListenerKind _, string setting, string text) in All)
        {
            ListenAddress? address = ListenAddress.TryParse(text, out string? problem);
            anySecure |= address is { IsSecure: true };
            if (address is null)
                yield return $"{setting}: {problem}";
            else if (address.IsSecure && Tls is null)
                yield return $"{setting} is {text}, which needs a certificate: Tls.Certificate.Path and Tls.Certificate.KeyPath.";
        }

        if (Tls is null)
            yield break;
        if (!anySecure)
            yield return $"Tls is set, but no address begins with https://; Listen is {Grpc}.";
        foreach (string problem in Tls.FindProblems("Tls"))
            yield return problem;
    }
}

/// <summary>What a listener is for.</summary>
public enum ListenerKind
{
    /// <summary>The service itself, over gRPC.</summary>
    Grpc,

    /// <summary>Probes and scrapes.</summary>
    Health,

    /// <summary>The service itself, over plain HTTP.</summary>
    Http,
}
