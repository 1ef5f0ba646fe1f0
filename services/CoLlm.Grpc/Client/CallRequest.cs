using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>Builds the HTTP request of a call.</summary>
internal static class CallRequest
{
    /// <summary>The header by which a caller names the compression of its requests; it says so to the channel and is not sent.</summary>
    public const string EncodingRequestHeader = "grpc-internal-encoding-request";

    private const string UserAgentHeader = "user-agent";

    /// <summary>The type of every request's body; shared, never changed.</summary>
    public static readonly MediaTypeHeaderValue ContentType = new(ProtocolHeaders.ContentTypeValue);

    private static readonly string UserAgent =
        $"grpc-dotnet-collm/{typeof(CallRequest).Assembly.GetName().Version?.ToString(3)} ({Environment.Version})";

    /// <summary>The request without the caller's metadata.</summary>
    public static HttpRequestMessage Create(Uri uri, HttpContent content, TimeSpan? timeout)
    {
        HttpRequestMessage request = new(HttpMethod.Post, uri)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        HttpRequestHeaders headers = request.Headers;
        headers.TryAddWithoutValidation("te", "trailers");
        headers.TryAddWithoutValidation(ProtocolHeaders.AcceptEncoding, MessageEncoding.Accepted);
        if (timeout is { } time)
            headers.TryAddWithoutValidation(ProtocolHeaders.Timeout, GrpcTimeout.Format(time));

        return request;
    }

    /// <summary>Adds the agent's name unless the caller gave one of its own.</summary>
    public static void AddUserAgent(HttpRequestMessage request)
    {
        if (!request.Headers.NonValidated.Contains(UserAgentHeader))
            request.Headers.TryAddWithoutValidation(UserAgentHeader, UserAgent);
    }

    /// <summary>Adds the caller's metadata; what belongs to the protocol itself is left out.</summary>
    /// <returns>The compression that the metadata asks for, or null.</returns>
    /// <exception cref="RpcException">The compression is not a supported one.</exception>
    public static string? AddMetadata(HttpRequestMessage request, Metadata? metadata)
    {
        string? encoding = null;
        for (int i = 0; i < metadata?.Count; i++)
        {
            Metadata.Entry entry = metadata[i];
            if (entry.Key == EncodingRequestHeader)
                encoding = Supported(entry.Value);
            else if (!ProtocolHeaders.IsProtocolHeader(entry.Key))
                request.Headers.TryAddWithoutValidation(entry.Key, BinaryHeader.HeaderValue(entry));
        }

        if (encoding is not null)
            request.Headers.TryAddWithoutValidation(ProtocolHeaders.Encoding, encoding);

        return encoding;
    }

    public static bool Has(WriteOptions? options, WriteFlags flag) => options is not null && options.Flags.HasFlag(flag);

    private static string Supported(string encoding) => MessageEncoding.IsSupported(encoding)
        ? encoding
        : throw new RpcException(new Status(
            StatusCode.Internal, $"The compression '{encoding}' that the call asks for is not supported; supported are {MessageEncoding.Accepted}."));
}
