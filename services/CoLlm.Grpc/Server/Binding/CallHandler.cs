using Grpc.Core;
using Grpc.Framing;
using Grpc.Server.Calls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Grpc.Server.Binding;

/// <summary>Serves the calls of one method: checks the request, runs the method, answers with its outcome.</summary>
internal abstract class CallHandler<TRequest, TResponse>(Method<TRequest, TResponse> method, MethodOptions options, CallClock clock, ILogger logger)
    where TRequest : class
    where TResponse : class
{
    protected Method<TRequest, TResponse> Method { get; } = method;

    protected MethodOptions Options { get; } = options;

    public async Task HandleAsync(HttpContext context)
    {
        if (RequestCheck.TryRefuse(context))
            return;

        LiftTransportLimits(context);
        string? encoding = context.Request.Headers[ProtocolHeaders.Encoding];
        CallResponse response = new(context.Response, Options);
        await using CallLifetime lifetime = new(context, response);
        HttpServerCallContext call = new(context, Method, response, lifetime)
        {
            Requests = new MessageReader(context.Request.BodyReader, Options.MaxReceiveMessageSize, encoding),
        };

        try
        {
            ThrowIfUnsupported(encoding, context.Response);
            response.OfferEncoding(Options.CompressionAlgorithm);
            lifetime.Begin(clock.Time);
            if (!response.IsEnded)
                await InvokeAsync(call).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Fail(call, exception);
        }

        await lifetime.EndAsync(call.Status, Method.FullName).ConfigureAwait(false);
        await call.Requests.StopAsync().ConfigureAwait(false);
    }

    /// <summary>Runs the method between reading the request and writing the response.</summary>
    protected abstract Task InvokeAsync(HttpServerCallContext call);

    protected ValueTask<TRequest> ReadRequestAsync(HttpServerCallContext call) =>
        call.Requests.ReadSingleAsync(Method.RequestMarshaller.ContextualDeserializer, CancellationToken.None);

    protected Task WriteResponseAsync(HttpServerCallContext call, TResponse? response)
    {
        if (response is null)
            throw new RpcException(new Status(StatusCode.Cancelled, $"The method {Method.FullName} returned no message."));

        WriteFlags flags = call.WriteOptions?.Flags ?? default;
        return call.Response.WriteAsync(response, Method.ResponseMarshaller.ContextualSerializer, flags, isLast: true);
    }

    protected RequestStreamReader<TRequest> RequestsOf(HttpServerCallContext call) =>
        new(call, Method.RequestMarshaller.ContextualDeserializer);

    protected ResponseStreamWriter<TResponse> ResponsesOf(HttpServerCallContext call) =>
        new(call, Method.ResponseMarshaller.ContextualSerializer);

    private void Fail(HttpServerCallContext call, Exception exception)
    {
        if (exception is RpcException rpc)
        {
            call.Status = rpc.Status;
            if (!ReferenceEquals(rpc.Trailers, call.ResponseTrailers))
            {
                foreach (Metadata.Entry entry in rpc.Trailers)
                    call.ResponseTrailers.Add(entry);
            }

            ServerCallLog.CallRefused(logger, Method.FullName, rpc.Status.StatusCode.ToString());
        }
        else if (call.CancellationToken.IsCancellationRequested)
        {
            call.Status = new Status(StatusCode.Cancelled, "The client has given the call up.", exception);
        }
        else
        {
            ServerCallLog.MethodFailed(logger, Method.FullName, exception);
            call.Status = CallStatus.Of(exception, Options.IsDetailed);
        }
    }

    private static void ThrowIfUnsupported(string? encoding, HttpResponse response)
    {
        if (encoding is null || MessageEncoding.IsSupported(encoding))
            return;

        response.Headers[ProtocolHeaders.AcceptEncoding] = MessageEncoding.Accepted;
        throw FramingErrors.UnsupportedEncoding(encoding);
    }

    /// <summary>A stream may be of any length and pace; what bounds a call is the size of its messages, flow control and its deadline.</summary>
    private void LiftTransportLimits(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;

        bool isStreaming = Method.Type is MethodType.ClientStreaming or MethodType.DuplexStreaming;
        if (isStreaming && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
    }
}
