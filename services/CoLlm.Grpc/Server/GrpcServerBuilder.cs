using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Where more of the server's gRPC is configured.</summary>
public interface IGrpcServerBuilder
{
    /// <summary>The services being registered.</summary>
    IServiceCollection Services { get; }
}

/// <summary>Carries the service collection from one configuring call to the next.</summary>
internal sealed class GrpcServerBuilder(IServiceCollection services) : IGrpcServerBuilder
{
    public IServiceCollection Services { get; } = services;
}
