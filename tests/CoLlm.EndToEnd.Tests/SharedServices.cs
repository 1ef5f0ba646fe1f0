using CoLlm.EndToEnd.Tests.Browser;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.InProcess;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests;

/// <summary>One expert process with several models and routers in front of it, for all tests that leave them as they were.</summary>
public sealed class SharedServices : IAsyncLifetime
{
    private readonly TemporaryDirectory _folder = new();
    private readonly List<CollmProcess> _processes = [];

    internal const string First = "pair-expert";
    internal const string Second = "llama-tiny";

    /// <summary>Its tokenizer is another one than the base's.</summary>
    internal const string Stranger = "qwen2-tiny";

    /// <summary>What all of them were made for.</summary>
    internal const int LongestSequence = 512;

    internal ModelsInProcess Local { get; } = new(First, Second);

    internal CollmProcess Expert { get; private set; } = null!;

    internal ExpertProbe ExpertProbe { get; private set; } = null!;

    /// <summary>How many of the longest sequences <see cref="First"/> had room for before anybody asked it.</summary>
    internal int ExpertRoom { get; private set; }

    /// <summary>With the base's own swap head row, for <see cref="First"/>.</summary>
    internal RouterClient WithFirst { get; private set; } = null!;

    /// <summary>The same for <see cref="Second"/>.</summary>
    internal RouterClient WithSecond { get; private set; } = null!;

    /// <summary>With a swap head file for both.</summary>
    internal RouterClient WithBoth { get; private set; } = null!;

    /// <summary>The router whose only experts are these.</summary>
    internal RouterClient With(params string[] experts) => experts switch
    {
        [First] => WithFirst,
        [Second] => WithSecond,
        _ => WithBoth,
    };

    public async ValueTask InitializeAsync()
    {
        string head = _folder.File("head.safetensors");
        Local.WriteHead(head, First, Second);
        Expert = Keep(await CollmProcess.StartAsync("expert", Settings.Expert(First, Second, Stranger)));
        ExpertProbe = new ExpertProbe(Expert);
        ExpertRoom = await ExpertProbe.CountRoomAsync(First, LongestSequence);
        string[] addresses = [Expert.Address];
        CollmProcess[] routers = await Task.WhenAll(
            CollmProcess.StartAsync("router", Settings.Router(null, (First, addresses))),
            CollmProcess.StartAsync("router", Settings.Router(null, (Second, addresses))),
            CollmProcess.StartAsync("router", Settings.Router(head, (First, addresses), (Second, addresses))));
        WithFirst = new RouterClient(Keep(routers[0]));
        WithSecond = new RouterClient(Keep(routers[1]));
        WithBoth = new RouterClient(Keep(routers[2]));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IDisposable? client in new IDisposable?[] { WithFirst, WithSecond, WithBoth, ExpertProbe })
            client?.Dispose();
        foreach (CollmProcess process in _processes)
            await process.DisposeAsync();
        await Local.DisposeAsync();
        _folder.Dispose();
    }

    private CollmProcess Keep(CollmProcess process)
    {
        _processes.Add(process);
        return process;
    }
}

/// <summary>Puts the tests that share services into one collection, and those among them that need a browser behind one.</summary>
[CollectionDefinition]
public sealed class SharedServicesCollection : ICollectionFixture<SharedServices>, ICollectionFixture<BrowserProcess>;
