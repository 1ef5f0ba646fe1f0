using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>Reads what a response's headers and trailers say about the call.</summary>
internal static class ResponseHead
{
    /// <summary>The outcome where the headers alone decide it: an error without body, or an answer that is not gRPC; else null.</summary>
    public static CallOutcome? TryGetOutcome(HttpResponseMessage response)
    {
        string? contentType = First(response.Content.Headers, "content-type");
        bool isGrpc = ProtocolHeaders.IsGrpcContentType(contentType);
        if (TryGetStatus(response.Headers, out Status status) && (isGrpc || contentType is null))
            return new CallOutcome(status, ToMetadata(response.Headers));

        if (response.StatusCode != HttpStatusCode.OK)
            return NotGrpc(response, StatusMapping.FromHttpStatus((int)response.StatusCode), $"The server answered HTTP status {(int)response.StatusCode} and no gRPC status.");

        return isGrpc ? null : NotGrpc(response, StatusCode.Unknown, $"The server answered with content type '{contentType}' instead of {ProtocolHeaders.ContentTypeValue}.");
    }

    /// <summary>The outcome that the trailers of a response say, whose body has been read to its end.</summary>
    public static CallOutcome FromTrailers(HttpResponseMessage response)
    {
        HttpResponseHeaders trailers = response.TrailingHeaders;
        return TryGetStatus(trailers, out Status status)
            ? new CallOutcome(status, ToMetadata(trailers))
            : new CallOutcome(new Status(StatusCode.Unknown, "The server ended the response without a grpc-status."), ToMetadata(trailers));
    }

    /// <summary>The compression of the response's messages.</summary>
    /// <exception cref="RpcException">It is not a supported one.</exception>
    public static string? Encoding(HttpResponseMessage response)
    {
        string? encoding = First(response.Headers, ProtocolHeaders.Encoding);
        return encoding is null || MessageEncoding.IsSupported(encoding) ? encoding : throw FramingErrors.UnsupportedEncoding(encoding);
    }

    /// <summary>The headers that are not the protocol's own.</summary>
    public static Metadata ToMetadata(HttpResponseHeaders headers)
    {
        Metadata metadata = [];
        foreach ((string name, HeaderStringValues values) in headers.NonValidated)
        {
            if (ProtocolHeaders.IsProtocolHeader(name))
                continue;

            // A binary value that is not base64 is dropped: it must not take the status with it.
            foreach (string value in values)
                BinaryHeader.TryAdd(metadata, name, value);
        }

        return metadata;
    }

    private static CallOutcome NotGrpc(HttpResponseMessage response, StatusCode code, string what) =>
        new(new Status(code, what), ToMetadata(response.Headers));

    private static bool TryGetStatus(HttpResponseHeaders headers, out Status status)
    {
        status = default;
        string? text = First(headers, ProtocolHeaders.Status);
        if (text is null)
            return false;

        string? message = First(headers, ProtocolHeaders.Message);
        string detail = message is null ? "" : PercentCoding.Decode(message);
        status = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int code)
            ? new Status(code <= (int)StatusCode.Unauthenticated ? (StatusCode)code : StatusCode.Unknown, detail)
            : new Status(StatusCode.Unknown, $"The server sent a grpc-status that is no number: '{text}'. {detail}");
        return true;
    }

    private static string? First(HttpHeaders headers, string name)
    {
        if (!headers.NonValidated.TryGetValues(name, out HeaderStringValues values))
            return null;

        foreach (string value in values)
            return value;

        return null;
    }
}
