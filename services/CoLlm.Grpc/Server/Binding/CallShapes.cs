using Grpc.Core;
using Grpc.Server.Calls;
using Microsoft.Extensions.Logging;

namespace Grpc.Server.Binding;

/// <summary>A method of a service type, not yet bound to an instance: one request, one response.</summary>
internal delegate Task<TResponse> OpenUnary<TService, TRequest, TResponse>(TService service, TRequest request, ServerCallContext context);

/// <summary>As above, many requests and one response.</summary>
internal delegate Task<TResponse> OpenClientStreaming<TService, TRequest, TResponse>(
    TService service, IAsyncStreamReader<TRequest> requests, ServerCallContext context);

/// <summary>As above, one request and many responses.</summary>
internal delegate Task OpenServerStreaming<TService, TRequest, TResponse>(
    TService service, TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context);

/// <summary>As above, many requests and many responses.</summary>
internal delegate Task OpenDuplexStreaming<TService, TRequest, TResponse>(
    TService service, IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context);

/// <summary>Serves calls with one request and one response.</summary>
internal sealed class UnaryHandler<TService, TRequest, TResponse> : CallHandler<TRequest, TResponse>
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly OpenUnary<TService, TRequest, TResponse> _open;
    private readonly UnaryServerMethod<TRequest, TResponse> _method;

    public UnaryHandler(
        Method<TRequest, TResponse> method,
        OpenUnary<TService, TRequest, TResponse> open,
        MethodOptions options,
        CallClock clock,
        ILogger logger)
        : base(method, options, clock, logger)
    {
        _open = open;
        _method = InterceptorChain.Around<TRequest, TResponse>(options.Interceptors, RunAsync);
    }

    protected override async Task InvokeAsync(HttpServerCallContext call)
    {
        TRequest request = await ReadRequestAsync(call).ConfigureAwait(false);
        TResponse response = await _method(request, call).ConfigureAwait(false);
        await WriteResponseAsync(call, response).ConfigureAwait(false);
    }

    private async Task<TResponse> RunAsync(TRequest request, ServerCallContext context)
    {
        await using ServiceInstance<TService> service = ServiceInstance<TService>.Create(context.GetHttpContext().RequestServices);
        return await _open(service.Value, request, context).ConfigureAwait(false);
    }
}

/// <summary>Serves calls with many requests and one response.</summary>
internal sealed class ClientStreamingHandler<TService, TRequest, TResponse> : CallHandler<TRequest, TResponse>
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly OpenClientStreaming<TService, TRequest, TResponse> _open;
    private readonly ClientStreamingServerMethod<TRequest, TResponse> _method;

    public ClientStreamingHandler(
        Method<TRequest, TResponse> method,
        OpenClientStreaming<TService, TRequest, TResponse> open,
        MethodOptions options,
        CallClock clock,
        ILogger logger)
        : base(method, options, clock, logger)
    {
        _open = open;
        _method = InterceptorChain.Around<TRequest, TResponse>(options.Interceptors, RunAsync);
    }

    protected override async Task InvokeAsync(HttpServerCallContext call)
    {
        TResponse response = await _method(RequestsOf(call), call).ConfigureAwait(false);
        await WriteResponseAsync(call, response).ConfigureAwait(false);
    }

    private async Task<TResponse> RunAsync(IAsyncStreamReader<TRequest> requests, ServerCallContext context)
    {
        await using ServiceInstance<TService> service = ServiceInstance<TService>.Create(context.GetHttpContext().RequestServices);
        return await _open(service.Value, requests, context).ConfigureAwait(false);
    }
}

/// <summary>Serves calls with one request and many responses.</summary>
internal sealed class ServerStreamingHandler<TService, TRequest, TResponse> : CallHandler<TRequest, TResponse>
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly OpenServerStreaming<TService, TRequest, TResponse> _open;
    private readonly ServerStreamingServerMethod<TRequest, TResponse> _method;

    public ServerStreamingHandler(
        Method<TRequest, TResponse> method,
        OpenServerStreaming<TService, TRequest, TResponse> open,
        MethodOptions options,
        CallClock clock,
        ILogger logger)
        : base(method, options, clock, logger)
    {
        _open = open;
        _method = InterceptorChain.Around<TRequest, TResponse>(options.Interceptors, RunAsync);
    }

    protected override async Task InvokeAsync(HttpServerCallContext call)
    {
        TRequest request = await ReadRequestAsync(call).ConfigureAwait(false);
        await _method(request, ResponsesOf(call), call).ConfigureAwait(false);
    }

    private async Task RunAsync(TRequest request, IServerStreamWriter<TResponse> responses, ServerCallContext context)
    {
        await using ServiceInstance<TService> service = ServiceInstance<TService>.Create(context.GetHttpContext().RequestServices);
        await _open(service.Value, request, responses, context).ConfigureAwait(false);
    }
}

/// <summary>Serves calls with many requests and many responses.</summary>
internal sealed class DuplexStreamingHandler<TService, TRequest, TResponse> : CallHandler<TRequest, TResponse>
    where TService : class
    where TRequest : class
    where TResponse : class
{
    private readonly OpenDuplexStreaming<TService, TRequest, TResponse> _open;
    private readonly DuplexStreamingServerMethod<TRequest, TResponse> _method;

    public DuplexStreamingHandler(
        Method<TRequest, TResponse> method,
        OpenDuplexStreaming<TService, TRequest, TResponse> open,
        MethodOptions options,
        CallClock clock,
        ILogger logger)
        : base(method, options, clock, logger)
    {
        _open = open;
        _method = InterceptorChain.Around<TRequest, TResponse>(options.Interceptors, RunAsync);
    }

    protected override Task InvokeAsync(HttpServerCallContext call) => _method(RequestsOf(call), ResponsesOf(call), call);

    private async Task RunAsync(IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context)
    {
        await using ServiceInstance<TService> service = ServiceInstance<TService>.Create(context.GetHttpContext().RequestServices);
        await _open(service.Value, requests, responses, context).ConfigureAwait(false);
    }
}
