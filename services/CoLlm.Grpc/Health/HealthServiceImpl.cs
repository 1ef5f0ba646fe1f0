using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Grpc.Core;
using Grpc.Health.V1;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.HealthCheck;

/// <summary>The health service over a table of states that others set. Any thread may call it.</summary>
public class HealthServiceImpl : Health.V1.Health.HealthBase
{
    /// <summary>States a slow watcher may lag behind by; older ones are dropped, since only the newest matters.</summary>
    internal const int MaxPendingStates = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServingStatus> _states = new(StringComparer.Ordinal);
    private readonly List<(string Service, ChannelWriter<ServingStatus> Writer)> _watchers = [];

    /// <summary>Sets the state of a service; the empty name is the server as a whole.</summary>
    public void SetStatus(string service, ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_lock)
        {
            _states[service] = status;
            NotifyWhileLocked(service, status);
        }
    }

    /// <summary>Forgets a service.</summary>
    public void ClearStatus(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        lock (_lock)
        {
            _states.Remove(service);
            NotifyWhileLocked(service, ServingStatus.ServiceUnknown);
        }
    }

    /// <summary>Forgets all services.</summary>
    public void ClearAll()
    {
        lock (_lock)
        {
            _states.Clear();
            foreach ((_, ChannelWriter<ServingStatus> writer) in _watchers)
                writer.TryWrite(ServingStatus.ServiceUnknown);
        }
    }

    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        lock (_lock)
        {
            if (_states.TryGetValue(request.Service, out ServingStatus status))
                return Task.FromResult(new HealthCheckResponse { Status = status });
        }

        throw UnknownService(request.Service);
    }

    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        await foreach (ServingStatus status in WatchAsync(request.Service, null, context.CancellationToken).ConfigureAwait(false))
            await responseStream.WriteAsync(new HealthCheckResponse { Status = status }).ConfigureAwait(false);
    }

    internal static RpcException UnknownService(string service) =>
        new(new Status(StatusCode.NotFound, $"There is no health state of a service '{service}'."));

    /// <summary>The state now and each one that differs from the one before; ends when cancelled.</summary>
    /// <param name="service">The service watched.</param>
    /// <param name="first">The state to begin with where it is known better than from the table.</param>
    /// <param name="cancellationToken">Ends the watch, without an exception.</param>
    internal async IAsyncEnumerable<ServingStatus> WatchAsync(
        string service, Func<Task<ServingStatus>>? first, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Channel<ServingStatus> channel = Channel.CreateBounded<ServingStatus>(
            new BoundedChannelOptions(MaxPendingStates) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        ServingStatus last = Subscribe(service, channel.Writer);
        await using CancellationTokenRegistration end = cancellationToken.Register(() => channel.Writer.TryComplete());
        try
        {
            if (first is not null)
                last = await first().ConfigureAwait(false);

            yield return last;
            await foreach (ServingStatus status in channel.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                if (status != last)
                    yield return last = status;
            }
        }
        finally
        {
            Unsubscribe(channel.Writer);
        }
    }

    private ServingStatus Subscribe(string service, ChannelWriter<ServingStatus> writer)
    {
        lock (_lock)
        {
            _watchers.Add((service, writer));
            return _states.GetValueOrDefault(service, ServingStatus.ServiceUnknown);
        }
    }

    private void Unsubscribe(ChannelWriter<ServingStatus> writer)
    {
        lock (_lock)
            _watchers.RemoveAll(watcher => ReferenceEquals(watcher.Writer, writer));
    }

    private void NotifyWhileLocked(string service, ServingStatus status)
    {
        foreach ((string watched, ChannelWriter<ServingStatus> writer) in _watchers)
        {
            if (watched == service)
                writer.TryWrite(status);
        }
    }
}
