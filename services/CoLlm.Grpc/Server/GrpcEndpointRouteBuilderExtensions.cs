using Grpc.Server;
using Grpc.Server.Binding;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Makes gRPC services reachable.</summary>
public static class GrpcEndpointRouteBuilderExtensions
{
    /// <summary>Maps every method of a service that is derived from a generated base class.</summary>
    /// <exception cref="InvalidOperationException">AddGrpc was not called, or the type has no generated base class.</exception>
    public static GrpcServiceEndpointConventionBuilder MapGrpcService<TService>(this IEndpointRouteBuilder builder)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        MappedServices mapped = builder.ServiceProvider.GetService<MappedServices>()
            ?? throw new InvalidOperationException("Call IServiceCollection.AddGrpc() before mapping gRPC services.");

        return new GrpcServiceEndpointConventionBuilder(ServiceMapper<TService>.Map(builder, mapped));
    }
}

/// <summary>Applies conventions to the endpoints of one gRPC service.</summary>
public sealed class GrpcServiceEndpointConventionBuilder : IEndpointConventionBuilder
{
    private readonly List<IEndpointConventionBuilder> _endpoints;

    internal GrpcServiceEndpointConventionBuilder(List<IEndpointConventionBuilder> endpoints)
    {
        _endpoints = endpoints;
    }

    public void Add(Action<EndpointBuilder> convention)
    {
        foreach (IEndpointConventionBuilder endpoint in _endpoints)
            endpoint.Add(convention);
    }

    public void Finally(Action<EndpointBuilder> finallyConvention)
    {
        foreach (IEndpointConventionBuilder endpoint in _endpoints)
            endpoint.Finally(finallyConvention);
    }
}
