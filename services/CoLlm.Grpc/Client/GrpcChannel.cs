using System.Collections.Concurrent;
using System.IO.Pipelines;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client;

/// <summary>A way to one server over HTTP/2, shared by any number of calls; connections open when calls need them.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    /// <summary>Methods beyond this many get their address made anew for every call.</summary>
    private const int MaxKnownMethodCount = 1000;

    private readonly ConcurrentDictionary<string, Uri> _addresses = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _closing = new();
    private readonly HttpMessageInvoker _invoker;
    private readonly bool _ownsInvoker;
    private readonly Uri _address;
    private readonly List<CallCredentials> _credentials = [];
    private readonly bool _sendsCredentials;
    private readonly ILogger? _logger;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        if (options is { HttpClient: not null, HttpHandler: not null })
            throw new ArgumentException("Only one of HttpClient and HttpHandler can be set.", nameof(options));

        _address = address;
        bool isSecure = ReadCredentials(options.Credentials);
        _sendsCredentials = isSecure || options.UnsafeUseInsecureChannelCallCredentials;
        MaxSendMessageSize = options.MaxSendMessageSize;
        MaxReceiveMessageSize = options.MaxReceiveMessageSize;
        ThrowsOperationCanceled = options.ThrowOperationCanceledOnCancellation;
        Clock = options.TimeProvider;
        _logger = options.LoggerFactory?.CreateLogger<GrpcChannel>();
        _ownsInvoker = options.DisposeHttpClient || options is { HttpClient: null, HttpHandler: null };
        _invoker = options.HttpClient ?? new HttpMessageInvoker(options.HttpHandler ?? CreateHandler(), _ownsInvoker);
    }

    internal TimeProvider Clock { get; }

    internal int? MaxSendMessageSize { get; }

    internal int? MaxReceiveMessageSize { get; }

    internal bool ThrowsOperationCanceled { get; }

    /// <summary>Cancelled when the channel is disposed of.</summary>
    internal CancellationToken Closing => _closing.Token;

    /// <summary>How response bodies are read: in pieces that hold a common message whole.</summary>
    internal StreamPipeReaderOptions PipeOptions { get; } = new(bufferSize: 16 * 1024, minimumReadSize: 1024);

    /// <summary>A channel to this address, with default options.</summary>
    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>A channel to this address: <c>http</c> is HTTP/2 in cleartext, <c>https</c> is HTTP/2 over TLS.</summary>
    /// <exception cref="InvalidOperationException">
    /// The address is no absolute http or https address, or it and the credentials contradict each other.
    /// </exception>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) => ForAddress(new Uri(address), channelOptions);

    /// <inheritdoc cref="ForAddress(string)"/>
    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    /// <inheritdoc cref="ForAddress(string, GrpcChannelOptions)"/>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
            throw new InvalidOperationException($"The address '{address}' must be absolute and begin with http:// or https://.");

        return new GrpcChannel(address, channelOptions);
    }

    public override CallInvoker CreateCallInvoker()
    {
        ThrowIfDisposed();
        return new HttpCallInvoker(this);
    }

    /// <summary>Ends every call in flight with CANCELLED and closes the channel's own connections.</summary>
    public void Dispose()
    {
        if (_closing.IsCancellationRequested)
            return;

        _closing.Cancel();
        if (_ownsInvoker)
            _invoker.Dispose();
    }

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, this);

    internal Uri UriOf(IMethod method)
    {
        if (_addresses.TryGetValue(method.FullName, out Uri? known))
            return known;

        Uri address = new(_address, method.FullName);
        if (_addresses.Count < MaxKnownMethodCount)
            _addresses.TryAdd(method.FullName, address);

        return address;
    }

    /// <summary>Whether the call has credentials and may send them.</summary>
    internal bool HasCredentials(in CallOptions options) => _sendsCredentials && (_credentials.Count > 0 || options.Credentials is not null);

    /// <summary>The headers that the channel's and the call's credentials ask for.</summary>
    internal Task<Metadata> ReadCredentialsAsync(HttpCall call, CancellationToken cancellationToken)
    {
        string service = new Uri(_address, call.Method.ServiceName).AbsoluteUri;
        AuthInterceptorContext context = new(service, call.Method.Name, cancellationToken);
        return CallCredentialsReader.ReadAsync(_credentials, call.Options.Credentials, context);
    }

    /// <summary>Sends a request and returns when the response's headers are here.</summary>
    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _invoker is HttpClient client
            ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            : _invoker.SendAsync(request, cancellationToken);

    internal void Log(HttpCall call, CallOutcome outcome) => _logger?.LogDebug(
        outcome.Status.DebugException, "Call {Method} ended with {StatusCode}: {Detail}", call.Method.FullName, outcome.Status.StatusCode, outcome.Status.Detail);

    private bool ReadCredentials(ChannelCredentials? credentials)
    {
        bool isHttps = _address.Scheme == Uri.UriSchemeHttps;
        if (credentials is null)
            return isHttps;

        ChannelCredentialsReader reader = new();
        credentials.InternalPopulateConfiguration(reader, null);
        if (reader.IsSecure != isHttps)
        {
            throw new InvalidOperationException(
                $"The address '{_address}' is {(isHttps ? "TLS" : "cleartext")} and the credentials are {(isHttps ? "cleartext" : "TLS")}.");
        }

        _credentials.AddRange(reader.CallCredentials);
        return isHttps;
    }

    private static SocketsHttpHandler CreateHandler() => new()
    {
        EnableMultipleHttp2Connections = true,
        UseCookies = false,
        AllowAutoRedirect = false,
    };
}
