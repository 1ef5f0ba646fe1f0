using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.Processes;

namespace CoLlm.EndToEnd.Tests.Observability;

/// <summary>An expert, a router that is traced and one that samples nothing, all exporting to one sink.</summary>
public sealed class TracedServices : IAsyncLifetime
{
    private readonly List<CollmProcess> _processes = [];

    internal OtlpSink Sink { get; private set; } = null!;

    internal CollmProcess Expert { get; private set; } = null!;

    internal RouterClient Router { get; private set; } = null!;

    internal RouterClient Unsampled { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Sink = await OtlpSink.StartAsync();
        Expert = Keep(await CollmProcess.StartAsync("expert", Settings.Expert(SharedServices.First), Sink.Environment));
        object settings = Settings.Router(null, (SharedServices.First, [Expert.Address]));
        var unsampled = new Dictionary<string, string>(Sink.Environment) { ["OTEL_TRACES_SAMPLER"] = "always_off", ["OTEL_SERVICE_NAME"] = "quiet" };
        Router = new RouterClient(Keep(await CollmProcess.StartAsync("router", settings, Sink.Environment)));
        Unsampled = new RouterClient(Keep(await CollmProcess.StartAsync("router", settings, unsampled)));
    }

    public async ValueTask DisposeAsync()
    {
        Router?.Dispose();
        Unsampled?.Dispose();
        foreach (CollmProcess process in _processes)
            await process.DisposeAsync();
        await Sink.DisposeAsync();
    }

    private CollmProcess Keep(CollmProcess process)
    {
        _processes.Add(process);
        return process;
    }
}

/// <summary>Puts the tests that share traced services into one collection.</summary>
[CollectionDefinition]
public sealed class TracedServicesCollection : ICollectionFixture<TracedServices>;
