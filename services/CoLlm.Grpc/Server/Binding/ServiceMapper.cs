using System.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ProtoService = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Grpc.Server.Binding;

/// <summary>Finds the methods of a service through its generated base class, and gives each an endpoint.</summary>
internal sealed class ServiceMapper<TService> : ServiceBinderBase
    where TService : class
{
    private readonly IEndpointRouteBuilder _routes;
    private readonly MethodOptions _options;
    private readonly CallClock _clock;
    private readonly ILogger _logger;
    private readonly List<IEndpointConventionBuilder> _endpoints = [];
    private readonly HashSet<string> _serviceNames = new(StringComparer.Ordinal);

    private ServiceMapper(IEndpointRouteBuilder routes)
    {
        _routes = routes;
        _options = MethodOptions.Of<TService>(routes.ServiceProvider);
        _clock = routes.ServiceProvider.GetRequiredService<CallClock>();
        _logger = routes.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(TService).FullName ?? typeof(TService).Name);
    }

    public static List<IEndpointConventionBuilder> Map(IEndpointRouteBuilder routes, MappedServices mapped)
    {
        ServiceMapper<TService> mapper = new(routes);
        MethodInfo bind = FindBindMethod();
        bind.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [mapper, null], null);
        var descriptor = bind.DeclaringType!.GetProperty("Descriptor", BindingFlags.Static | BindingFlags.Public)?.GetValue(null);
        foreach (string name in mapper._serviceNames)
        {
            if (mapped.TryAdd(name, descriptor as ProtoService))
                mapper._endpoints.Add(UnknownEndpoints.MapUnknownMethods(routes, name));
        }

        UnknownEndpoints.MapUnknownServices(routes, mapped);
        return mapper._endpoints;
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
    {
        (var open, MethodInfo implementation) = Open<OpenUnary<TService, TRequest, TResponse>>(
            method, typeof(TRequest), typeof(ServerCallContext));
        Map(new UnaryHandler<TService, TRequest, TResponse>(method, open, _options, _clock, _logger).HandleAsync, method, implementation);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
    {
        (var open, MethodInfo implementation) = Open<OpenClientStreaming<TService, TRequest, TResponse>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(ServerCallContext));
        Map(new ClientStreamingHandler<TService, TRequest, TResponse>(method, open, _options, _clock, _logger).HandleAsync, method, implementation);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
    {
        (var open, MethodInfo implementation) = Open<OpenServerStreaming<TService, TRequest, TResponse>>(
            method, typeof(TRequest), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Map(new ServerStreamingHandler<TService, TRequest, TResponse>(method, open, _options, _clock, _logger).HandleAsync, method, implementation);
    }

    public override void AddMethod<TRequest, TResponse>(
        Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
    {
        (var open, MethodInfo implementation) = Open<OpenDuplexStreaming<TService, TRequest, TResponse>>(
            method, typeof(IAsyncStreamReader<TRequest>), typeof(IServerStreamWriter<TResponse>), typeof(ServerCallContext));
        Map(new DuplexStreamingHandler<TService, TRequest, TResponse>(method, open, _options, _clock, _logger).HandleAsync, method, implementation);
    }

    private static MethodInfo FindBindMethod()
    {
        for (Type? type = typeof(TService); type is not null; type = type.BaseType)
        {
            if (type.GetCustomAttribute<BindServiceMethodAttribute>(inherit: false) is not { } attribute)
                continue;

            foreach (MethodInfo method in attribute.BindType.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            {
                ParameterInfo[] parameters = method.GetParameters();
                if (method.Name == attribute.BindMethodName
                    && parameters.Length == 2
                    && parameters[0].ParameterType == typeof(ServiceBinderBase)
                    && parameters[1].ParameterType.IsAssignableFrom(typeof(TService)))
                {
                    return method;
                }
            }
        }

        throw new InvalidOperationException($"{typeof(TService)} has no base class generated from a service definition, so it has no gRPC methods.");
    }

    private static (TDelegate Open, MethodInfo Implementation) Open<TDelegate>(IMethod method, params Type[] parameters)
        where TDelegate : Delegate
    {
        MethodInfo? found = null;
        for (Type? type = typeof(TService); type is not null && found is null; type = type.BaseType)
        {
            found = type.GetMethod(
                method.Name,
                BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly,
                binder: null,
                parameters,
                modifiers: null);
        }

        if (found is null)
            throw new InvalidOperationException($"{typeof(TService)} has no method {method.Name} for {method.FullName}.");

        return (found.CreateDelegate<TDelegate>(), found);
    }

    private void Map(RequestDelegate handler, IMethod method, MethodInfo implementation)
    {
        _serviceNames.Add(method.ServiceName);
        IEndpointConventionBuilder endpoint = _routes.MapMethods(method.FullName, UnknownEndpoints.Post, handler);
        endpoint.Add(builder =>
        {
            builder.DisplayName = $"gRPC - {method.FullName}";
            foreach (object attribute in typeof(TService).GetCustomAttributes(inherit: true))
                builder.Metadata.Add(attribute);

            foreach (object attribute in implementation.GetCustomAttributes(inherit: true))
                builder.Metadata.Add(attribute);

            builder.Metadata.Add(new GrpcMethodMetadata(typeof(TService), method));
        });
        _endpoints.Add(endpoint);
    }
}
