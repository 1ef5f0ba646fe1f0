using System.Text.Json;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Testing;

namespace CoLlm.Benchmarks.Transport;

/// <summary>A gRPC library of another language, its own client process against its own server process.</summary>
internal sealed class PeerContenders : IDisposable
{
    private readonly ChildProcess _server;
    private readonly string _name;
    private readonly string[] _command;
    private readonly List<ChildProcess> _clients = [];

    private PeerContenders(string name, string[] command, ChildProcess server)
    {
        _name = name;
        _command = command;
        _server = server;
    }

    /// <summary>The ports and socket of the peer's server as targets of its own client.</summary>
    public string TcpTarget { get; private set; } = "";

    public string SocketTarget { get; private set; } = "";

    /// <summary>Starts the peer's server; null where the peer is not installed.</summary>
    public static async Task<PeerContenders?> TryStartAsync(string name, string fileName, string script, string builtFile, string folder)
    {
        string interop = Path.Combine(RepositoryPaths.Root, "tests", "interop");
        if (!File.Exists(Path.Combine(interop, builtFile)))
            return null;

        string socket = Path.Combine(folder, name + ".sock");
        string path = Path.Combine(interop, script);
        PeerContenders peer = new(name, [fileName, path], new ChildProcess(fileName, path, "server", socket));
        int port = JsonDocument.Parse(await peer._server.ReadAsync()).RootElement.GetProperty("plain").GetInt32();
        peer.TcpTarget = $"127.0.0.1:{port}";
        peer.SocketTarget = $"unix:{socket}";
        return peer;
    }

    public async Task<Contender> ExchangesAsync(string target)
    {
        ChildProcess client = await StartClientAsync(target);
        return new Contender(_name, count => MeasureAsync(client, $"stream {count}"));
    }

    public async Task<Contender> CallsAsync(string target, int inFlightCount)
    {
        ChildProcess client = await StartClientAsync(target);
        return new Contender(_name, async count => [(await MeasureAsync(client, $"unary {count} {inFlightCount}"))[0] / count]);
    }

    public void Dispose()
    {
        foreach (ChildProcess client in _clients)
            client.Dispose();
        _server.Dispose();
    }

    private async Task<ChildProcess> StartClientAsync(string target)
    {
        ChildProcess client = new(_command[0], _command[1], "measure", target);
        _clients.Add(client);
        await client.ReadAsync();
        return client;
    }

    private static async Task<double[]> MeasureAsync(ChildProcess client, string command) =>
        JsonSerializer.Deserialize<double[]>(await client.AskAsync(command))!;
}
