using Grpc.Core;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Router.Api;

/// <summary>Writes that a client must take within a time, because it keeps its place and its KV blocks for as long.</summary>
internal static class BoundedWrite
{
    /// <summary>Sends one event that nothing follows for the moment.</summary>
    /// <param name="responses">The client's stream.</param>
    /// <param name="message">The event.</param>
    /// <param name="maxUnreadTime">How long the transport may take for it.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellationToken">The client is gone.</param>
    /// <exception cref="RpcException">The client has not read for too long; its call is over.</exception>
    public static async Task WriteAsync(
        IServerStreamWriter<V1.GenerateResponse> responses, V1.GenerateResponse message, TimeSpan maxUnreadTime, TimeProvider time,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = new(maxUnreadTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await responses.WriteAsync(message, either.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw GivenUp(maxUnreadTime, exception);
        }
    }

    /// <summary>What ends the call of a client that does not read.</summary>
    public static RpcException GivenUp(TimeSpan maxUnreadTime, Exception exception) =>
        new(new Status(StatusCode.Cancelled, $"The client has taken no token for {maxUnreadTime.TotalSeconds:0.###} s, which is the bound.", exception));
}
