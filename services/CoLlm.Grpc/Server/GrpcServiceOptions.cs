using System.IO.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>Limits and behaviour of gRPC services.</summary>
public class GrpcServiceOptions
{
    internal const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    /// <summary>The largest message sent, in bytes; null, the default, for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The largest message received, in bytes; 4 MiB by default, null for no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveMessageSize;

    /// <summary>Whether exceptions of methods are described to the client; false by default.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary>The encoding of responses, where the client accepts it: <c>gzip</c>, or null, the default, for none.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>How hard responses are compressed; the fastest by default.</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>Whether calls of unknown services go on down the pipeline instead of being answered UNIMPLEMENTED; false by default.</summary>
    public bool? IgnoreUnknownServices { get; set; }

    /// <summary>Interceptors, the outermost first.</summary>
    public InterceptorCollection Interceptors { get; } = [];
}

/// <summary>What differs for one service from the options of all; its interceptors run inside those of all.</summary>
public class GrpcServiceOptions<TService> : GrpcServiceOptions
    where TService : class
{
}
