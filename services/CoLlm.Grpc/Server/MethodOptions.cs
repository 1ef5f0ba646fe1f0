using System.IO.Compression;
using Grpc.AspNetCore.Server;
using Grpc.Framing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Grpc.Server;

/// <summary>The options that hold for the methods of one service: those of all services, as the service's own change them.</summary>
internal sealed record MethodOptions(
    int? MaxReceiveMessageSize,
    int? MaxSendMessageSize,
    bool IsDetailed,
    string? CompressionAlgorithm,
    CompressionLevel CompressionLevel,
    IReadOnlyList<InterceptorRegistration> Interceptors)
{
    public static MethodOptions Of<TService>(IServiceProvider services)
        where TService : class
    {
        GrpcServiceOptions all = services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
        GrpcServiceOptions<TService> own = new()
        {
            MaxReceiveMessageSize = all.MaxReceiveMessageSize,
            MaxSendMessageSize = all.MaxSendMessageSize,
            EnableDetailedErrors = all.EnableDetailedErrors,
            ResponseCompressionAlgorithm = all.ResponseCompressionAlgorithm,
            ResponseCompressionLevel = all.ResponseCompressionLevel,
            IgnoreUnknownServices = all.IgnoreUnknownServices,
        };

        foreach (IConfigureOptions<GrpcServiceOptions<TService>> step in services.GetServices<IConfigureOptions<GrpcServiceOptions<TService>>>())
            step.Configure(own);

        if (own.ResponseCompressionAlgorithm is { } algorithm && !MessageEncoding.IsSupported(algorithm))
        {
            throw new InvalidOperationException(
                $"ResponseCompressionAlgorithm '{algorithm}' is not supported; supported are {MessageEncoding.Accepted}.");
        }

        return new MethodOptions(
            own.MaxReceiveMessageSize,
            own.MaxSendMessageSize,
            own.EnableDetailedErrors ?? false,
            own.ResponseCompressionAlgorithm,
            own.ResponseCompressionLevel ?? CompressionLevel.Fastest,
            [.. all.Interceptors, .. own.Interceptors]);
    }
}
