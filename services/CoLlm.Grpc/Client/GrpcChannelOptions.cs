using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Grpc.Net.Client;

/// <summary>What a <see cref="GrpcChannel"/> is made from.</summary>
public sealed class GrpcChannelOptions
{
    /// <summary>The default of <see cref="MaxReceiveMessageSize"/>: 4 MiB.</summary>
    internal const int DefaultMaxReceiveMessageSize = 4 * 1024 * 1024;

    /// <summary>The channel's credentials; null (the default) takes them from the address: http is cleartext, https is TLS.</summary>
    public ChannelCredentials? Credentials { get; set; }

    /// <summary>The largest request message in bytes, before compression; null (the default) sets no bound.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>The largest response message in bytes, after decompression; 4 MiB by default, null sets no bound.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultMaxReceiveMessageSize;

    /// <summary>Where failed calls are logged, or null.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>The client to send with, or null; not together with <see cref="HttpHandler"/>.</summary>
    public HttpClient? HttpClient { get; set; }

    /// <summary>The handler to send with, or null for one of the channel's own; not together with <see cref="HttpClient"/>.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether disposing of the channel disposes of <see cref="HttpClient"/> or <see cref="HttpHandler"/>; false by default.</summary>
    public bool DisposeHttpClient { get; set; }

    /// <summary>Whether a call that this side cancelled ends with <see cref="OperationCanceledException"/> instead of <see cref="RpcException"/>.</summary>
    public bool ThrowOperationCanceledOnCancellation { get; set; }

    /// <summary>Whether call credentials are sent in cleartext; false by default, they are then left out.</summary>
    public bool UnsafeUseInsecureChannelCallCredentials { get; set; }

    /// <summary>The clock that deadlines are told by; tests set their own.</summary>
    internal TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
