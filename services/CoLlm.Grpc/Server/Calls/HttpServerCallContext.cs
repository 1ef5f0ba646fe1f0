using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;

namespace Grpc.Server.Calls;

/// <summary>One call over HTTP/2 as its method sees it.</summary>
internal sealed class HttpServerCallContext : ServerCallContext
{
    /// <summary>The item of the request under which wrappers of this context find the HTTP context.</summary>
    public const string HttpContextKey = "__HttpContext";

    private readonly IMethod _method;
    private Metadata? _requestHeaders;
    private AuthContext? _authContext;
    private Status _status = Status.DefaultSuccess;

    public HttpServerCallContext(HttpContext httpContext, IMethod method, CallResponse response, CallLifetime lifetime)
    {
        HttpContext = httpContext;
        _method = method;
        Response = response;
        Lifetime = lifetime;
    }

    public HttpContext HttpContext { get; }

    public CallResponse Response { get; }

    public CallLifetime Lifetime { get; }

    /// <summary>Reads the request's messages.</summary>
    public required MessageReader Requests { get; init; }

    /// <summary>Resets the stream, unless the call has its end already.</summary>
    public void Cancel()
    {
        if (!Response.IsEnded)
            Lifetime.Cancel();
    }

    protected override string MethodCore => _method.FullName;

    protected override string HostCore => HttpContext.Request.Host.Value ?? "";

    protected override string PeerCore => PeerAddress.Of(HttpContext.Connection);

    protected override DateTime DeadlineCore => Lifetime.Deadline;

    protected override CancellationToken CancellationTokenCore => Lifetime.Token;

    protected override Metadata RequestHeadersCore => _requestHeaders ??= RequestMetadata.Of(HttpContext.Request.Headers);

    protected override Metadata ResponseTrailersCore => Response.Trailers;

    protected override Status StatusCore
    {
        get => _status;
        set => _status = value;
    }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => _authContext ??= PeerAddress.AuthContextOf(HttpContext.Connection);

    protected override IDictionary<object, object> UserStateCore
    {
        get
        {
            HttpContext.Items.TryAdd(HttpContextKey, HttpContext);
            return HttpContext.Items!;
        }
    }

    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        return Response.WriteHeadersAsync(responseHeaders);
    }

    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("Pass the deadline and the cancellation token on by hand.");
}
