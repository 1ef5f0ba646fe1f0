using System.Net;
using System.Net.Sockets;

namespace CoLlm.Router.Experts;

/// <summary>
/// Looks a host name up; throws a <see cref="SocketException"/> where that fails, an <see cref="ArgumentException"/> where it is none, such as
/// <c>0.0.0.0</c>.
/// </summary>
internal delegate Task<IPAddress[]> NameLookup(string host, CancellationToken cancellationToken);

/// <summary>
/// Where an expert's replicas are: addresses as configured and, for each <c>dns:///host:port</c>, one for every address that the name
/// has at the time. A name that cannot be looked up keeps what it had, so that trouble with DNS takes no replica away.
/// <see cref="RefreshAsync"/> is called by one caller at a time; the rest from any thread.
/// </summary>
internal sealed class ReplicaAddresses
{
    /// <summary>Replicas of one expert that a router knows; what a name has beyond that is left out.</summary>
    public const int MaxReplicas = 256;

    private const string NameScheme = "dns:///";

    /// <summary>What DNS itself allows.</summary>
    private const int MaxHostLength = 253;

    private readonly Uri[] _fixed;
    private readonly Name[] _names;

    /// <param name="addresses">As configured, and valid.</param>
    /// <param name="scheme">What is spoken at the addresses that names have: <c>http</c> or <c>https</c>.</param>
    /// <param name="timeout">How long one look-up may take.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="lookUp">Looks names up.</param>
    public ReplicaAddresses(IReadOnlyList<string> addresses, string scheme, TimeSpan timeout, TimeProvider time, NameLookup lookUp)
    {
        _fixed = [.. addresses.Where(address => !IsName(address)).Select(address => new Uri(address))];
        _names = [.. addresses.Where(IsName).Select(address => new Name(TryParseName(address)!, scheme, timeout, time, lookUp))];
    }

    /// <summary>Whether there are names, so that replicas come and go.</summary>
    public bool HasNames => _names.Length > 0;

    /// <summary>Every address known, each once.</summary>
    public IReadOnlyList<Uri> Known => [.. _fixed.Concat(_names.SelectMany(name => name.Known)).Distinct().Take(MaxReplicas)];

    /// <summary>Why the last look-up of a name brought nothing; null where all did.</summary>
    public string? Problem => _names.Select(name => name.Problem).FirstOrDefault(problem => problem is not null);

    /// <summary>The host that the replica there must be: a name where the address was found by it.</summary>
    public string HostOf(Uri address) => _names.FirstOrDefault(name => name.Known.Contains(address))?.Host ?? address.IdnHost;

    public static bool IsName(string address) => address.StartsWith(NameScheme, StringComparison.OrdinalIgnoreCase);

    /// <summary>Host and port of a <c>dns:///host:port</c> as an address; null where it is none.</summary>
    public static Uri? TryParseName(string address)
    {
        if (!IsName(address))
            return null;
        string authority = address[NameScheme.Length..];
        bool hasPort = ushort.TryParse(authority[(authority.LastIndexOf(':') + 1)..], out ushort port) && port > 0;
        return hasPort && Uri.TryCreate($"http://{authority}", UriKind.Absolute, out Uri? uri)
            && uri.Port == port && uri.IdnHost.Length is > 0 and <= MaxHostLength && uri.PathAndQuery == "/" && uri.UserInfo.Length == 0 && uri.Fragment.Length == 0
            ? uri
            : null;
    }

    /// <summary>Looks all names up.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_names.Select(name => name.RefreshAsync(cancellationToken)));

    /// <summary>One name and the addresses it last had.</summary>
    private sealed class Name(Uri name, string scheme, TimeSpan timeout, TimeProvider time, NameLookup lookUp)
    {
        private volatile Uri[] _known = [];
        private volatile string? _problem;
        private Task<IPAddress[]>? _lookingUp;

        public string Host => name.IdnHost;

        public Uri[] Known => _known;

        public string? Problem => _problem;

        public async Task RefreshAsync(CancellationToken cancellationToken)
        {
            try
            {
                // A look-up that outlasts its timeout is waited for again, not joined by another: a name server that is down must not collect them.
                if (_lookingUp is not { IsCompleted: false })
                    _lookingUp = lookUp(name.IdnHost, cancellationToken);
                IPAddress[] found = await _lookingUp.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
                Uri[] addresses = [.. OneFamily(found).Select(address => new UriBuilder(scheme, address.ToString(), name.Port).Uri)];
                _problem = addresses.Length == 0 ? $"{name.Host} has no address." : null;
                if (addresses.Length > 0)
                    _known = addresses;
            }
            catch (Exception exception) when (exception is SocketException or TimeoutException or ArgumentException)
            {
                _problem = $"{name.Host} cannot be looked up: {exception.Message}";
            }
        }

        // Where both families are in use every replica has an address of each, and would count twice.
        private static IEnumerable<IPAddress> OneFamily(IPAddress[] found)
        {
            AddressFamily family = found.Any(address => address.AddressFamily == AddressFamily.InterNetwork)
                ? AddressFamily.InterNetwork
                : AddressFamily.InterNetworkV6;
            return found.Where(address => address.AddressFamily == family);
        }
    }
}
