using System.Collections.Concurrent;

namespace Grpc.Server;

/// <summary>Which services an application has mapped, so that what is mapped once stays mapped once.</summary>
internal sealed class MappedServices
{
    private readonly ConcurrentDictionary<string, bool> _names = new(StringComparer.Ordinal);

    /// <summary>The names of the services, as reflection lists them.</summary>
    public IReadOnlyList<string> Names => [.. _names.Keys.Where(name => name.Length > 0).Order(StringComparer.Ordinal)];

    /// <summary>Notes a service; false where it is known already. The empty name stands for all unknown services.</summary>
    public bool TryAdd(string name) => _names.TryAdd(name, true);
}
