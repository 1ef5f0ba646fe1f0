using System.Text.Json;
using System.Text.Json.Nodes;
using CoLlm.Decoding.SwapHeads;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using CoLlm.Testing;
using Grpc.Core;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>
/// Routers and experts that a real Prometheus watches while answers are written and everything goes wrong that panels and alerts tell of:
/// a replica dies, an expert is away, requests and sessions are refused, a session is evicted, two sides disagree, a client leaves.
/// </summary>
public sealed class WatchedCluster : IAsyncLifetime
{
    /// <summary>Replies of an expert up to the middle of an answer of <see cref="LongAnswer"/>.</summary>
    private const int BytesOfHalfAnAnswer = 2000;

    /// <summary>Rates need a series at two times, so everything happens twice.</summary>
    private const int RoundCount = 2;

    /// <summary>Every token comes from the first expert.</summary>
    private static readonly Scenario LongAnswer = new() { Mode = CollaborationMode.ExpertOnly, Prompt = "short", MaxNewTokens = 128 };

    private readonly TemporaryDirectory _folder = new();
    private readonly List<IAsyncDisposable> _owned = [];
    private readonly List<CollmProcess> _watched = [];
    private (CollmProcess Process, PausingProxy Wire)[] _replicas = [];
    private RouterClient? _router;
    private RouterClient? _lonely;
    private SessionProbe? _probe;

    internal PrometheusServer Prometheus { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        PrometheusServer.Require();
        CollmProcess second = Own(await CollmProcess.StartAsync("expert", SmallExpert()));
        CollmProcess[] replicas = await Task.WhenAll(
            Enumerable.Range(0, 2).Select(_ => CollmProcess.StartAsync("expert", Settings.Expert(SharedServices.First))));
        _replicas = [.. replicas.Select(replica => (Own(replica), Own(new PausingProxy().Connect(replica.Address))))];
        CollmProcess router = Own(await CollmProcess.StartAsync("router", await RouterAsync(second)));
        CollmProcess lonely = Own(await CollmProcess.StartAsync("router", Settings.Router(null, (SharedServices.First, [Own(new PausingProxy()).Address]))));
        (_router, _lonely, _probe) = (new RouterClient(router), new RouterClient(lonely), new SessionProbe(second.Address, SharedServices.Second));

        _watched.AddRange([router, lonely, second, .. replicas]);
        Prometheus = Own(await PrometheusServer.StartAsync(
            [.. _watched.Select((process, i) => (i < 2 ? "collm-router" : "collm-expert", new Uri(process.HttpAddress).Authority))]));

        // A process that dies before it was ever seen leaves no series behind; a count seen once has no rate.
        await WhenScrapedAsync();
        for (int round = 0; round < RoundCount; round++)
        {
            await WriteAsync();
            await DisturbAsync();
            await WhenScrapedAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IDisposable? client in new IDisposable?[] { _router, _lonely, _probe })
            client?.Dispose();
        foreach (IAsyncDisposable owned in Enumerable.Reverse(_owned))
            await owned.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>More answers, until Prometheus has seen them.</summary>
    internal async Task WriteMoreAsync()
    {
        await WriteAsync();
        await WhenScrapedAsync();
    }

    /// <summary>Waits until Prometheus has seen what every living process counts now.</summary>
    private Task WhenScrapedAsync() => Prometheus.WhenScrapedAsync(_watched.Count(process => !process.HasExited));

    /// <summary>An answer in every mode.</summary>
    private async Task WriteAsync()
    {
        foreach (CollaborationMode mode in (CollaborationMode[])
            [CollaborationMode.Defer, CollaborationMode.Compose, CollaborationMode.BaseOnly, CollaborationMode.ExpertOnly])
            await _router!.GenerateAsync(new Scenario { Mode = mode, MaxNewTokens = 16 }.ToMessage());
    }

    private async Task DisturbAsync()
    {
        await HoldAsync();
        foreach (WhenExpertUnavailable wish in (WhenExpertUnavailable[])[WhenExpertUnavailable.Fail, WhenExpertUnavailable.Base])
        {
            GenerateRequest request = new Scenario().ToMessage();
            request.Collaboration.WhenUnavailable = wish;
            await _lonely!.GenerateAsync(request);
        }

        await LeaveAsync();
        await _probe!.BeRefusedAsync();
        await _probe.DisagreeAsync();
        await _probe.EvictAsync();
    }

    /// <summary>The router has one place: while an answer waits for a silent replica the next request is refused. The first such replica dies.</summary>
    private async Task HoldAsync()
    {
        var living = _replicas.Where(replica => !replica.Process.HasExited).ToArray();
        foreach ((_, PausingProxy wire) in living)
            wire.PauseAfter(BytesOfHalfAnAnswer);
        using AsyncServerStreamingCall<GenerateResponse> call = _router!.Begin(LongAnswer.ToMessage());
        Task held = await Task.WhenAny(living.Select(replica => replica.Wire.Paused)).WaitAsync(TimeSpan.FromMinutes(2));
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => _router.GenerateAsync(LongAnswer.ToMessage()));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        if (living.Length > 1)
            await living.First(replica => replica.Wire.Paused == held).Process.KillAsync();
        foreach ((_, PausingProxy wire) in living)
            wire.Resume();
        Answered answer = await RouterClient.ReadAsync(call, new Answered());
        Assert.Equal(FinishReason.MaxTokens, answer.Summary!.FinishReason);
    }

    private async Task LeaveAsync()
    {
        using CancellationTokenSource client = new();
        using AsyncServerStreamingCall<GenerateResponse> call = _lonely!.Begin(Scenario.WholeBaseCache.ToMessage(), client.Token);
        await RouterClient.ReadTokensAsync(call, 1);
        await client.CancelAsync();
    }

    /// <summary>One place and a calibrated head.</summary>
    private async Task<JsonNode> RouterAsync(CollmProcess second)
    {
        string head = _folder.File("head.safetensors");
        string[] experts = [SharedServices.First, SharedServices.Second];
        CalibrationTable calibration = CalibrationTable.FromProbabilities([0.2f, 0.4f, 0.6f, 0.8f], [0.25f, 0.5f, 0.75f]);
        await using (ModelsInProcess local = new(experts))
            local.WriteHead(head, calibration, experts);
        JsonNode settings = JsonSerializer.SerializeToNode(Settings.Router(
            head, (experts[0], [.. _replicas.Select(replica => replica.Wire.Address)]), (experts[1], [second.Address])))!;
        (settings["Admission"]!["MaxConcurrentRequests"], settings["Admission"]!["MaxQueuedRequests"]) = (1, 0);
        return settings;
    }

    /// <summary>Room for few sessions, which lose it as soon as they are idle.</summary>
    private static JsonNode SmallExpert()
    {
        JsonNode settings = JsonSerializer.SerializeToNode(Settings.Expert(SharedServices.Second))!;
        settings["Limits"] = new JsonObject { ["MaxSessions"] = SessionProbe.Room, ["IdleTimeout"] = "00:00:00.001" };
        return settings;
    }

    private T Own<T>(T owned) where T : IAsyncDisposable
    {
        _owned.Add(owned);
        return owned;
    }
}
