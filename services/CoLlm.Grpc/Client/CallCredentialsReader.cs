using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Asks call credentials, one after the other, for the headers of one call.</summary>
internal sealed class CallCredentialsReader : CallCredentialsConfiguratorBase
{
    private readonly List<AsyncAuthInterceptor> _interceptors = [];

    /// <summary>Everything that the channel's and then the call's own credentials add to the headers.</summary>
    public static async Task<Metadata> ReadAsync(
        IReadOnlyList<CallCredentials> channelCredentials,
        CallCredentials? callCredentials,
        AuthInterceptorContext context)
    {
        CallCredentialsReader reader = new();
        foreach (CallCredentials credentials in channelCredentials)
            credentials.InternalPopulateConfiguration(reader, null);

        callCredentials?.InternalPopulateConfiguration(reader, null);
        Metadata headers = [];
        foreach (AsyncAuthInterceptor interceptor in reader._interceptors)
            await interceptor(context, headers).ConfigureAwait(false);

        return headers;
    }

    public override void SetCompositeCredentials(object? state, IReadOnlyList<CallCredentials> credentials)
    {
        foreach (CallCredentials part in credentials)
            part.InternalPopulateConfiguration(this, null);
    }

    public override void SetAsyncAuthInterceptorCredentials(object? state, AsyncAuthInterceptor interceptor) =>
        _interceptors.Add(interceptor);
}
