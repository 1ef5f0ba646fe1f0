using System.Collections.Concurrent;
using Google.Protobuf.Reflection;

namespace Grpc.Server;

/// <summary>Which services an application has mapped, so that what is mapped once stays mapped once.</summary>
internal sealed class MappedServices
{
    private readonly ConcurrentDictionary<string, ServiceDescriptor?> _services = new(StringComparer.Ordinal);

    /// <summary>What is known of the services that came from proto files, by name.</summary>
    public IReadOnlyList<ServiceDescriptor> Descriptors =>
        [.. _services.Values.OfType<ServiceDescriptor>().OrderBy(service => service.FullName, StringComparer.Ordinal)];

    /// <summary>Notes a service; false where it is known already. The empty name stands for all unknown services.</summary>
    public bool TryAdd(string name, ServiceDescriptor? descriptor) => _services.TryAdd(name, descriptor);
}
