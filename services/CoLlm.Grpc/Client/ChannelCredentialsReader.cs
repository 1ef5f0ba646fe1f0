using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Takes channel credentials apart into what a channel over HttpClient can honour: secured or not, and call credentials.</summary>
internal sealed class ChannelCredentialsReader : ChannelCredentialsConfiguratorBase
{
    /// <summary>Whether the credentials ask for TLS.</summary>
    public bool IsSecure { get; private set; }

    /// <summary>Credentials that go with every call, in order.</summary>
    public List<CallCredentials> CallCredentials { get; } = [];

    public override void SetInsecureCredentials(object? state) => IsSecure = false;

    public override void SetSslCredentials(
        object? state, string? rootCertificates, KeyCertificatePair? keyCertificatePair, VerifyPeerCallback? verifyPeerCallback)
    {
        if (rootCertificates is not null || keyCertificatePair is not null || verifyPeerCallback is not null)
        {
            throw new InvalidOperationException(
                "SslCredentials with arguments are not supported by GrpcChannel: give certificates and checks to the HttpHandler instead.");
        }

        IsSecure = true;
    }

    public override void SetCompositeCredentials(object? state, ChannelCredentials channelCredentials, CallCredentials callCredentials)
    {
        channelCredentials.InternalPopulateConfiguration(this, null);
        CallCredentials.Add(callCredentials);
    }
}
