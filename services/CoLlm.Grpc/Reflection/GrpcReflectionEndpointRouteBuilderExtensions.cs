using Grpc.Server.Reflection;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Makes server reflection reachable, in both of its versions.</summary>
public static class GrpcReflectionEndpointRouteBuilderExtensions
{
    /// <exception cref="InvalidOperationException">AddGrpcReflection was not called.</exception>
    public static IEndpointConventionBuilder MapGrpcReflectionService(this IEndpointRouteBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (builder.ServiceProvider.GetService<ReflectionAnswers>() is null)
            throw new InvalidOperationException("Call IServiceCollection.AddGrpcReflection() before mapping server reflection.");

        return new GrpcServiceEndpointConventionBuilder(
            [builder.MapGrpcService<ReflectionV1AlphaService>(), builder.MapGrpcService<ReflectionV1Service>()]);
    }
}
