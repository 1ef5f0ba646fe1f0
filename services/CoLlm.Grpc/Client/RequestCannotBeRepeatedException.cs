namespace Grpc.Net.Client;

/// <summary>HTTP wants to send a request again on another connection, but its first messages are gone.</summary>
internal sealed class RequestCannotBeRepeatedException()
    : IOException("The stream was refused after messages had been written to it; the call can be made again from its beginning.");
