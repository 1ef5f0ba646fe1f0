using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Disturbances;

/// <summary>A router with replicas of one expert, each behind a wire that can be held still, to be disturbed and then thrown away.</summary>
internal sealed class Scene : IAsyncDisposable
{
    /// <summary>Replies of an expert up to the middle of an answer of <see cref="Answer"/>.</summary>
    private const int BytesOfHalfAnAnswer = 2000;

    private readonly (CollmProcess Process, PausingProxy Proxy, ExpertProbe Client)[] _replicas;

    private Scene((CollmProcess, PausingProxy, ExpertProbe)[] replicas, RouterClient router)
    {
        _replicas = replicas;
        Router = router;
    }

    /// <summary>Every other token or so comes from the expert.</summary>
    public static Scenario Answer { get; } = new() { Prompt = "short", Threshold = 0.4f, MaxNewTokens = 128 };

    public RouterClient Router { get; }

    public static async Task<Scene> StartAsync(int replicaCount, IReadOnlyDictionary<string, string>? environment = null)
    {
        CollmProcess[] experts = await Task.WhenAll(
            Enumerable.Range(0, replicaCount).Select(_ => CollmProcess.StartAsync("expert", Settings.Expert(SharedServices.First), environment)));
        var replicas = experts.Select(expert => (expert, new PausingProxy().Connect(expert.Address), new ExpertProbe(expert))).ToArray();
        string[] addresses = [.. replicas.Select(replica => replica.Item2.Address)];
        CollmProcess router = await CollmProcess.StartAsync("router", Settings.Router(null, (SharedServices.First, addresses)), environment);
        return new Scene(replicas, new RouterClient(router));
    }

    /// <summary>Begins an answer and holds it still in the middle, where the router waits for an expert.</summary>
    /// <returns>The call, and the replica it waits for.</returns>
    public async Task<(AsyncServerStreamingCall<GenerateResponse> Call, CollmProcess Expert, PausingProxy Wire)> BeginHeldAsync(
        CancellationToken cancellationToken = default)
    {
        foreach (var replica in _replicas)
            replica.Proxy.PauseAfter(BytesOfHalfAnAnswer);
        AsyncServerStreamingCall<GenerateResponse> call = Router.Begin(Answer.ToMessage(), cancellationToken);
        Task held = await Task.WhenAny(_replicas.Select(replica => replica.Proxy.Paused)).WaitAsync(TimeSpan.FromMinutes(2), CancellationToken.None);
        foreach (var replica in _replicas.Where(replica => replica.Proxy.Paused != held))
            replica.Proxy.Resume();
        (CollmProcess process, PausingProxy proxy, _) = _replicas.First(replica => replica.Proxy.Paused == held);
        return (call, process, proxy);
    }

    /// <summary>Waits until no replica that is left has a session.</summary>
    public async Task WhenExpertsAreEmptyAsync()
    {
        foreach (var replica in _replicas.Where(replica => !replica.Process.HasExited))
            await replica.Client.WhenEmptyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Router.Dispose();
        await Router.Process.DisposeAsync();
        foreach ((CollmProcess process, PausingProxy proxy, ExpertProbe client) in _replicas)
        {
            client.Dispose();
            await proxy.DisposeAsync();
            await process.DisposeAsync();
        }
    }
}
