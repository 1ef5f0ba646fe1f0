using System.Diagnostics;
using System.Text.Json;
using CoLlm.Testing;

namespace CoLlm.Interop.Tests;

/// <summary>A peer in another language, and what its library lets a test observe.</summary>
internal sealed record Peer(string Name, string FileName, string[] Arguments, string BuiltFile)
{
    /// <summary>grpcio: its server compresses responses, and does not learn how a request came.</summary>
    public static readonly Peer Python = new("python", "/usr/bin/python3", ["python/peer.py"], "python/obj/interop_pb2.py") { CompressesResponses = true };

    /// <summary>grpc-js: its server compresses nothing, and does not learn how a request came.</summary>
    public static readonly Peer Node = new("node", "node", ["node/peer.js"], "node/node_modules/.installed");

    /// <summary>grpc-go: its server sees how each message came, and compresses a response only where the request was.</summary>
    public static readonly Peer Go = new("go", Folder("go/bin/peer"), [], "go/bin/peer") { ChecksRequestCompression = true };

    public static readonly Peer[] All = [Python, Node, Go];

    /// <summary>Whether the peer's server refuses a message that was to be compressed and was not.</summary>
    public bool ChecksRequestCompression { get; init; }

    /// <summary>Whether the peer's server compresses the responses that it is asked to.</summary>
    public bool CompressesResponses { get; init; }

    public static Peer Named(string name) => All.First(peer => peer.Name == name);

    /// <summary>Starts the peer; where it is not installed the test is skipped, or fails in CI, where nothing may be missing.</summary>
    public async Task<PeerProcess> StartAsync(params string[] arguments)
    {
        bool isInstalled = File.Exists(Folder(BuiltFile)) && IsOnPath(FileName);
        string reason = $"The {Name} peer is not installed; tests/interop/install-peers.sh installs and builds it.";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.True(isInstalled, reason);

        Assert.SkipUnless(isInstalled, reason);
        return await PeerProcess.StartAsync(FileName, [.. Arguments, .. arguments], Folder(""));
    }

    private static string Folder(string path) => Path.Combine(RepositoryPaths.Root, "tests", "interop", path);

    private static bool IsOnPath(string file) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, file)));
}

/// <summary>A running peer: a line in, a line of JSON out; it ends when its input does.</summary>
internal sealed class PeerProcess : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(2);

    private readonly Process _process;
    private readonly SemaphoreSlim _turn = new(1);

    private PeerProcess(Process process)
    {
        _process = process;
    }

    /// <summary>The peer's first line, in which a server says where it listens.</summary>
    public JsonElement Greeting { get; private set; }

    public static async Task<PeerProcess> StartAsync(string fileName, string[] arguments, string folder)
    {
        ProcessStartInfo start = new(fileName, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        PeerProcess peer = new(Process.Start(start)!);
        peer.Greeting = await peer.ReadAsync();
        return peer;
    }

    /// <summary>Sends a line and waits for the answer to it; one caller at a time.</summary>
    public async Task<JsonElement> AskAsync(string line)
    {
        await _turn.WaitAsync();
        try
        {
            await _process.StandardInput.WriteLineAsync(line);
            await _process.StandardInput.FlushAsync();
            return await ReadAsync();
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
        _turn.Dispose();
    }

    private async Task<JsonElement> ReadAsync()
    {
        string? line = await _process.StandardOutput.ReadLineAsync().WaitAsync(AnswerLimit);
        Assert.True(line is not null, "The peer ended without an answer; what it wrote to its error output is in the log of the test run.");
        return JsonDocument.Parse(line).RootElement;
    }
}
