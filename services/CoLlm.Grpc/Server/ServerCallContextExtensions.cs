using Grpc.Server.Calls;
using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

/// <summary>The way from a call back to its HTTP request.</summary>
public static class ServerCallContextExtensions
{
    /// <summary>The call's HTTP context.</summary>
    /// <exception cref="InvalidOperationException">The call did not come over this server.</exception>
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext)
    {
        ArgumentNullException.ThrowIfNull(serverCallContext);
        if (serverCallContext is HttpServerCallContext call)
            return call.HttpContext;

        // An interceptor may have wrapped the context; the items of the request are what wrappers pass on.
        if (serverCallContext.UserState.TryGetValue(HttpServerCallContext.HttpContextKey, out object? value) && value is HttpContext context)
            return context;

        throw new InvalidOperationException("The call has no HTTP context.");
    }
}
