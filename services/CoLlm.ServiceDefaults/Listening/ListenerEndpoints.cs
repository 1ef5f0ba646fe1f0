using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace CoLlm.ServiceDefaults.Listening;

/// <summary>
/// Keeps endpoints at the listeners that they are meant for: one that asks for certificates or keys would be worth little if the next one
/// served the same without.
/// </summary>
public static class ListenerEndpoints
{
    /// <summary>Says where an endpoint is served; elsewhere it is not found.</summary>
    public static TBuilder ServedAt<TBuilder>(this TBuilder endpoint, params ListenerKind[] listeners)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(builder => builder.Metadata.Add(new Places(listeners)));
        return endpoint;
    }

    /// <summary>Heeds what <see cref="ServedAt"/> has said.</summary>
    internal static void UseListeners(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Places>() is { } places
            && context.Features.Get<Origin>() is { } origin && !places.Listeners.Contains(origin.Listener))
            context.SetEndpoint(null);
        return next(context);
    });

    private sealed record Places(ListenerKind[] Listeners);

    /// <summary>Which listener a connection came in by.</summary>
    internal sealed record Origin(ListenerKind Listener);
}
