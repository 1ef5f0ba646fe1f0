using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace Grpc.Server.Binding;

/// <summary>Puts a service's interceptors around its methods, the first one outermost.</summary>
internal static class InterceptorChain
{
    public static UnaryServerMethod<TRequest, TResponse> Around<TRequest, TResponse>(
        IReadOnlyList<InterceptorRegistration> interceptors, UnaryServerMethod<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class => interceptors.Reverse().Aggregate(method, (next, registration) => (request, context) =>
            RunAsync(registration, context, interceptor => interceptor.UnaryServerHandler(request, context, next)));

    public static ClientStreamingServerMethod<TRequest, TResponse> Around<TRequest, TResponse>(
        IReadOnlyList<InterceptorRegistration> interceptors, ClientStreamingServerMethod<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class => interceptors.Reverse().Aggregate(method, (next, registration) => (requests, context) =>
            RunAsync(registration, context, interceptor => interceptor.ClientStreamingServerHandler(requests, context, next)));

    public static ServerStreamingServerMethod<TRequest, TResponse> Around<TRequest, TResponse>(
        IReadOnlyList<InterceptorRegistration> interceptors, ServerStreamingServerMethod<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class => interceptors.Reverse().Aggregate(method, (next, registration) => (request, responses, context) =>
            RunAsync(registration, context, interceptor => interceptor.ServerStreamingServerHandler(request, responses, context, next)));

    public static DuplexStreamingServerMethod<TRequest, TResponse> Around<TRequest, TResponse>(
        IReadOnlyList<InterceptorRegistration> interceptors, DuplexStreamingServerMethod<TRequest, TResponse> method)
        where TRequest : class
        where TResponse : class => interceptors.Reverse().Aggregate(method, (next, registration) => (requests, responses, context) =>
            RunAsync(registration, context, interceptor => interceptor.DuplexStreamingServerHandler(requests, responses, context, next)));

    private static async Task<T> RunAsync<T>(InterceptorRegistration registration, ServerCallContext context, Func<Interceptor, Task<T>> run)
    {
        (Interceptor interceptor, bool isOwned) = registration.Create(context.GetHttpContext().RequestServices);
        try
        {
            return await run(interceptor).ConfigureAwait(false);
        }
        finally
        {
            if (isOwned)
                await DisposeAsync(interceptor).ConfigureAwait(false);
        }
    }

    private static async Task RunAsync(InterceptorRegistration registration, ServerCallContext context, Func<Interceptor, Task> run) =>
        await RunAsync(registration, context, async interceptor =>
        {
            await run(interceptor).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);

    private static ValueTask DisposeAsync(Interceptor interceptor)
    {
        if (interceptor is IAsyncDisposable asynchronous)
            return asynchronous.DisposeAsync();

        (interceptor as IDisposable)?.Dispose();
        return default;
    }
}
