using System.Net;

namespace CoLlm.ServiceDefaults.Listening;

/// <summary>
/// A place to listen at: <c>http://HOST:PORT</c> or, with TLS, <c>https://HOST:PORT</c>, where the host is an IP address, <c>localhost</c> or
/// <c>*</c>; or <c>unix:/absolute/path</c>.
/// </summary>
public sealed record ListenAddress
{
    private ListenAddress()
    {
    }

    /// <summary>Path of a unix socket; null for TCP.</summary>
    public string? UnixPath { get; private init; }

    /// <summary>Null for a unix socket.</summary>
    public IPEndPoint? EndPoint { get; private init; }

    /// <summary>Whether TLS is spoken there.</summary>
    public bool IsSecure { get; private init; }

    /// <summary>Null, and one sentence, where the text is no such address.</summary>
    public static ListenAddress? TryParse(string text, out string? problem)
    {
        problem = null;
        if (text.StartsWith("unix:/", StringComparison.Ordinal))
            return new ListenAddress { UnixPath = text["unix:".Length..] };
        if (TryParseTcp(text, "http://") is { } clear)
            return new ListenAddress { EndPoint = clear };
        if (TryParseTcp(text, "https://") is { } secure)
            return new ListenAddress { EndPoint = secure, IsSecure = true };
        problem = $"\"{text}\" is no address to listen at; write http://IP:PORT, http://localhost:PORT, http://*:PORT, the same with https, or unix:/path.";
        return null;
    }

    private static IPEndPoint? TryParseTcp(string text, string scheme)
    {
        if (!text.StartsWith(scheme, StringComparison.Ordinal))
            return null;
        string authority = text[scheme.Length..].TrimEnd('/');
        int colon = authority.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(authority[(colon + 1)..], out ushort port))
            return null;
        string host = authority[..colon].Trim('[', ']');
        return host switch
        {
            "*" or "+" => new IPEndPoint(IPAddress.IPv6Any, port),
            "localhost" => new IPEndPoint(IPAddress.Loopback, port),
            _ => IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, port) : null,
        };
    }
}
