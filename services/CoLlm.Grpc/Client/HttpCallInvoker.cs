using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>Makes the calls of a channel.</summary>
internal sealed class HttpCallInvoker(GrpcChannel channel) : CallInvoker
{
    private static readonly Func<object, Task<Metadata>> ResponseHeaders = static call => ((HttpCall)call).GetResponseHeadersAsync();
    private static readonly Func<object, Status> EndStatus = static call => ((HttpCall)call).GetStatus();
    private static readonly Func<object, Metadata> Trailers = static call => ((HttpCall)call).GetTrailers();
    private static readonly Action<object> End = static call => ((HttpCall)call).Dispose();

    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request) =>
        AsyncUnaryCall(method, host, options, request).GetAwaiter().GetResult();

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        HttpCall call = Create(method, options, null);
        Task begun = call.Begin(new RequestMessage<TRequest>(call, request, method.RequestMarshaller.ContextualSerializer));
        Task<TResponse> response = ReadResponseAsync(call, begun, method.ResponseMarshaller.ContextualDeserializer);
        call.ResponseTask = response;
        return new AsyncUnaryCall<TResponse>(response, ResponseHeaders, EndStatus, Trailers, End, call);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        HttpCall call = Create(method, options, null);
        call.Begin(new RequestMessage<TRequest>(call, request, method.RequestMarshaller.ContextualSerializer));
        ResponseStreamReader<TResponse> reader = new(call, method.ResponseMarshaller.ContextualDeserializer);
        return new AsyncServerStreamingCall<TResponse>(reader, ResponseHeaders, EndStatus, Trailers, End, call);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        RequestStream body = new();
        HttpCall call = Create(method, options, body);
        RequestStreamWriter<TRequest> writer = new(call, body, method.RequestMarshaller.ContextualSerializer);
        Task<TResponse> response = ReadResponseAsync(call, call.Begin(body), method.ResponseMarshaller.ContextualDeserializer);
        call.ResponseTask = response;
        return new AsyncClientStreamingCall<TRequest, TResponse>(writer, response, ResponseHeaders, EndStatus, Trailers, End, call);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        RequestStream body = new();
        HttpCall call = Create(method, options, body);
        RequestStreamWriter<TRequest> writer = new(call, body, method.RequestMarshaller.ContextualSerializer);
        call.Begin(body);
        ResponseStreamReader<TResponse> reader = new(call, method.ResponseMarshaller.ContextualDeserializer);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(writer, reader, ResponseHeaders, EndStatus, Trailers, End, call);
    }

    private HttpCall Create(IMethod method, in CallOptions options, RequestStream? body)
    {
        channel.ThrowIfDisposed();
        return new HttpCall(channel, method, options, body);
    }

    /// <summary>The one response of a call: a message, the end of the stream, and a good status, all three.</summary>
    private static async Task<TResponse> ReadResponseAsync<TResponse>(
        HttpCall call, Task begun, Func<DeserializationContext, TResponse> deserializer)
        where TResponse : class
    {
        await begun.ConfigureAwait(false);
        TResponse? message = null;
        if (call.Outcome is null && call.Reader is { } reader)
        {
            try
            {
                message = await reader.ReadAsync(deserializer, CancellationToken.None).ConfigureAwait(false);
                if (message is not null && await reader.ReadAsync(deserializer, CancellationToken.None).ConfigureAwait(false) is not null)
                    throw FramingErrors.SecondMessage();

                call.EndWithTrailers();
            }
            catch (Exception exception)
            {
                call.EndWithFailure(exception);
            }
        }

        if (call.GetStatus().StatusCode != StatusCode.OK)
            throw call.ToException();

        return message ?? throw FramingErrors.NoMessage();
    }
}
