using Microsoft.Extensions.DependencyInjection;

namespace Grpc.Server.Calls;

/// <summary>The service object of one call: from the services where they have it, else made for the call and disposed after it.</summary>
internal readonly struct ServiceInstance<TService> : IAsyncDisposable
    where TService : class
{
    private static readonly ObjectFactory<TService> Factory = ActivatorUtilities.CreateFactory<TService>([]);

    private readonly bool _isOwned;

    private ServiceInstance(TService value, bool isOwned)
    {
        Value = value;
        _isOwned = isOwned;
    }

    public TService Value { get; }

    public static ServiceInstance<TService> Create(IServiceProvider services) => services.GetService<TService>() is { } registered
        ? new ServiceInstance<TService>(registered, isOwned: false)
        : new ServiceInstance<TService>(Factory(services, null), isOwned: true);

    public ValueTask DisposeAsync()
    {
        if (!_isOwned)
            return default;

        if (Value is IAsyncDisposable asynchronous)
            return asynchronous.DisposeAsync();

        (Value as IDisposable)?.Dispose();
        return default;
    }
}
