using System.Diagnostics;
using System.Diagnostics.Metrics;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>Stands around every gRPC method: times it, and opens its span, which is then the current one. Safe to use from any thread.</summary>
public sealed class RpcTelemetry : Interceptor
{
    public const string MeterName = "CoLlm.Rpc";

    private readonly Histogram<double> _duration;
    private readonly ServiceIdentity _identity;

    public RpcTelemetry(IMeterFactory meters, ServiceIdentity identity)
    {
        _identity = identity;
        _duration = meters.Create(MeterName).CreateHistogram(
            SemanticConventions.RpcServerCallDuration, "s", "Duration of gRPC calls as the server sees them.", tags: null, InstrumentBuckets.Seconds);
    }

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        using ObservedCall call = new(this, context);
        return await call.ObserveAsync(continuation(request, context)).ConfigureAwait(false);
    }

    public override async Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using ObservedCall call = new(this, context);
        return await call.ObserveAsync(continuation(requestStream, context)).ConfigureAwait(false);
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using ObservedCall call = new(this, context);
        await call.ObserveAsync(continuation(request, responseStream, context)).ConfigureAwait(false);
    }

    public override async Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation)
    {
        using ObservedCall call = new(this, context);
        await call.ObserveAsync(continuation(requestStream, responseStream, context)).ConfigureAwait(false);
    }

    /// <summary>One call from its first to its last moment.</summary>
    private sealed class ObservedCall : IDisposable
    {
        private readonly RpcTelemetry _owner;
        private readonly string _method;
        private readonly long _since = Stopwatch.GetTimestamp();
        private readonly Activity? _span;
        private StatusCode _status = StatusCode.Unknown;

        public ObservedCall(RpcTelemetry owner, ServerCallContext context)
        {
            _owner = owner;
            _method = context.Method.TrimStart('/');
            _span = RpcSpans.Start(_method, context.RequestHeaders, owner._identity);
        }

        public async Task<TResponse> ObserveAsync<TResponse>(Task<TResponse> response)
        {
            await ObserveAsync((Task)response).ConfigureAwait(false);
            return await response.ConfigureAwait(false);
        }

        public async Task ObserveAsync(Task response)
        {
            try
            {
                await response.ConfigureAwait(false);
                _status = StatusCode.OK;
            }
            catch (RpcException exception)
            {
                _status = exception.StatusCode;
                throw;
            }
            catch (OperationCanceledException)
            {
                _status = StatusCode.Cancelled;
                throw;
            }
        }

        public void Dispose()
        {
            string status = RpcSpans.NameOf(_status);
            var tags = new TagList
            {
                { SemanticConventions.RpcSystemName, SemanticConventions.Grpc },
                { SemanticConventions.RpcMethod, _method },
                { SemanticConventions.RpcResponseStatusCode, status },
            };
            if (_status != StatusCode.OK)
                tags.Add(new Tag(SemanticConventions.ErrorType, status));
            _owner._duration.Record(Stopwatch.GetElapsedTime(_since).TotalSeconds, tags);
            RpcSpans.End(_span, _status);
        }
    }
}
