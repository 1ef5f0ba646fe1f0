namespace Grpc.Core.Interceptors;

/// <summary>A call on its way out, as an interceptor sees it.</summary>
public struct ClientInterceptorContext<TRequest, TResponse>
    where TRequest : class
    where TResponse : class
{
    public ClientInterceptorContext(Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        Method = method;
        Host = host;
        Options = options;
    }

    /// <summary>The method called.</summary>
    public Method<TRequest, TResponse> Method { get; }

    /// <summary>The host named, or null.</summary>
    public string? Host { get; }

    /// <summary>What the caller wants.</summary>
    public CallOptions Options { get; }
}
