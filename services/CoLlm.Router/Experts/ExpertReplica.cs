using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.Router.Experts;

/// <summary>One address of an expert, with one channel for all its sessions. Safe to use from any thread.</summary>
internal sealed class ExpertReplica : IDisposable
{
    private readonly GrpcChannel _channel;
    private int _sessionCount;

    /// <param name="address">Where it is.</param>
    /// <param name="options">Of its expert.</param>
    /// <param name="health">Of its own.</param>
    /// <param name="secure">Prepares a handler for TLS; null: nothing to prepare.</param>
    public ExpertReplica(Uri address, ExpertOptions options, ReplicaHealth health, Action<SocketsHttpHandler>? secure = null)
    {
        Address = address;
        Health = health;
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(10),
            UseCookies = false,
            UseProxy = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null, // The trace's context is ours to send: for sampled requests only.
        };
        secure?.Invoke(handler);
        _channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = handler,
            DisposeHttpClient = true,
            MaxReceiveMessageSize = 16 << 20,
        });
        Client = new Expert.ExpertClient(_channel);
    }

    public Uri Address { get; }

    public Expert.ExpertClient Client { get; }

    public ReplicaHealth Health { get; }

    /// <summary>What it said of itself last; null until it did.</summary>
    public ModelDescription? Model { get; private set; }

    /// <summary>Sessions that this router has open there.</summary>
    public int SessionCount => Volatile.Read(ref _sessionCount);

    /// <summary>Asks the replica what it is and keeps the answer; a failure closes it for a while.</summary>
    /// <param name="terms">What is expected; with the model's name.</param>
    /// <param name="timeout">Longest wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task DescribeAsync(ExpertExpectation terms, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            DescribeResponse response = await Client.DescribeAsync(
                new DescribeRequest(), deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken).ConfigureAwait(false);
            Judge(response, terms);
        }
        catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
        {
            Health.Failed(StreamFailure.Of(exception, Address));
        }
        catch (ObjectDisposedException)
        {
            // It left while it was asked.
        }
    }

    public void AddSession() => Interlocked.Increment(ref _sessionCount);

    public void RemoveSession() => Interlocked.Decrement(ref _sessionCount);

    /// <summary>A session there has told which model it is.</summary>
    public void Opened(ModelDescription? model)
    {
        Model = model ?? Model;
        Health.Succeeded();
    }

    public void Dispose() => _channel.Dispose();

    private void Judge(DescribeResponse response, ExpertExpectation expected)
    {
        ModelDescription? model = response.Models.Count == 1 && expected.Model.Length == 0
            ? response.Models[0]
            : response.Models.FirstOrDefault(offered => offered.Name == expected.Model);
        if (expected.FindMismatch(response, model, Address) is { } mismatch)
        {
            Health.Failed(mismatch);
            return;
        }

        Model = model;
        if (response.AcceptsSessions)
            Health.Succeeded();
        else
            Health.Failed(new StreamFailure(FailureReason.Draining, $"{Address} is stopping and takes no sessions."));
    }
}

/// <summary>What a router expects of an expert's replicas, and how it says that one does not fit.</summary>
/// <param name="Model">Name at the expert service.</param>
/// <param name="ModelFingerprint">The model the swap head was trained with; empty: any.</param>
public sealed record ExpertExpectation(string Model, string ModelFingerprint)
{
    /// <summary>One sentence with both values, or null where the replica fits.</summary>
    internal StreamFailure? FindMismatch(DescribeResponse response, ModelDescription? model, Uri address)
    {
        if (response.MinProtocolVersion > ProtocolVersion.Newest || response.MaxProtocolVersion < ProtocolVersion.Oldest)
        {
            return new StreamFailure(
                FailureReason.ProtocolVersionMismatch,
                $"{address} speaks protocol versions {response.MinProtocolVersion} to {response.MaxProtocolVersion}; "
                + $"this router speaks {ProtocolVersion.Oldest} to {ProtocolVersion.Newest}.");
        }

        if (model is null)
        {
            string names = response.Models.Count == 0 ? "none" : string.Join(", ", response.Models.Select(offered => offered.Name));
            return new StreamFailure(FailureReason.UnknownModel, $"{address} has no model {Model}; it has {names}.");
        }

        return ModelFingerprint.Length > 0 && model.Fingerprint.Length > 0 && ModelFingerprint != model.Fingerprint
            ? new StreamFailure(
                FailureReason.ModelMismatch,
                $"{address}: the swap head was trained with model {ModelFingerprint}, but {model.Fingerprint} is running there.")
            : null;
    }
}
