using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Interop.Contract;
using CoLlm.Testing;
using Google.Protobuf;
using Grpc.Net.Client;

namespace CoLlm.Benchmarks.Transport;

/// <summary>
/// How much gRPC costs above the HTTP/2 that it stands on, and how it compares with other gRPC libraries: exchanges of 64 bytes on one
/// stream, unary calls, allocations. Every contender is a client process and a server process on the same machine.
/// </summary>
internal static class TransportBenchmark
{
    private const int PayloadLength = 64;
    private const int AllocationExchangeCount = 20_000;
    private const int WarmupCount = 3000;
    private const string Floor = "raw HTTP/2";
    private const string Ours = "CoLlm.Grpc";

    private static readonly Ping Message = new() { Body = ByteString.CopyFrom(Enumerable.Repeat((byte)42, PayloadLength).ToArray()) };

    /// <summary>Options, in this order: <c>rounds</c> (31), operations per round (500), and <c>streams</c> to leave the unary calls out.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 31;
        int exchanges = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 500;
        using TemporaryDirectory folder = new();
        string socket = folder.File("server.sock");
        using ChildProcess server = new("dotnet", typeof(TransportBenchmark).Assembly.Location, "transport-server", socket);
        Uri address = new($"http://127.0.0.1:{await server.ReadAsync()}");
        using PeerContenders? node = await PeerContenders.TryStartAsync("grpc-js", "node", "node/peer.js", "node/node_modules/.installed", folder.Path);
        using PeerContenders? python = await PeerContenders.TryStartAsync("grpcio", "/usr/bin/python3", "python/peer.py", "python/obj/ping_pb2.py", folder.Path);
        PeerContenders[] peers = [.. new[] { node, python }.OfType<PeerContenders>()];

        ResultFile report = new("transport", "Transport", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- transport {rounds} {exchanges}");
        report.Line($"- Message: {PayloadLength} bytes of payload, {Frame().Length} bytes with protobuf and gRPC framing, the same bytes for the floor");
        report.Line($"- Rounds: {rounds}, interleaved; {exchanges} operations each; every contender has its own client and server process");
        report.Line($"- {Floor}: Kestrel and HttpClient with frames written and read by hand, one flush per message, no gRPC: the floor of this stack");
        foreach ((string where, Func<HttpMessageHandler> connect, Func<PeerContenders, string> target) in Transports(socket))
            await MeasureAsync(report, where, address, connect, peers, target, rounds, exchanges, unary: !args.Contains("streams"));

        await ReportAllocationsAsync(report, address);
        report.Save();
        return 0;
    }

    private static async Task MeasureAsync(
        ResultFile report,
        string where,
        Uri address,
        Func<HttpMessageHandler> connect,
        PeerContenders[] peers,
        Func<PeerContenders, string> target,
        int rounds,
        int exchanges,
        bool unary)
    {
        (ITransportClient raw, ITransportClient grpc) = (CreateRaw(address, connect()), CreateGrpc(address, connect()));
        await raw.OpenAsync();
        await grpc.OpenAsync();
        List<Contender> contenders = [raw.Exchanges(Floor), grpc.Exchanges(Ours)];
        foreach (PeerContenders peer in peers)
            contenders.Add(await peer.ExchangesAsync(target(peer)));
        report.Table($"Ping-pong on one stream, {where}", "µs", await InterleavedRounds.RunAsync(contenders, rounds, exchanges, WarmupCount));

        foreach (int inFlight in unary ? (int[])[1, 32] : [])
        {
            contenders = [raw.Calls(Floor, inFlight), grpc.Calls(Ours, inFlight)];
            foreach (PeerContenders peer in peers)
                contenders.Add(await peer.CallsAsync(target(peer), inFlight));
            ReportCalls(report, $"Unary calls, {inFlight} in flight, {where}", await InterleavedRounds.RunAsync(contenders, rounds, exchanges, WarmupCount));
        }
    }

    private static void ReportCalls(ResultFile report, string heading, IReadOnlyList<RoundStatistics> rows)
    {
        report.Heading(heading);
        report.Line($"| | calls/s, median round | against {rows[0].Name} | rounds |");
        report.Line("|---|---:|---:|---:|");
        foreach (RoundStatistics row in rows)
            report.Line($"| {row.Name} | {1e6 / row.Median:0} | {1 / row.MedianRatio:0.00} | {1e6 / row.Highest:0} to {1e6 / row.Lowest:0} |");
    }

    private static async Task ReportAllocationsAsync(ResultFile report, Uri address)
    {
        report.Heading("Bytes allocated per exchange on a stream");
        report.Line($"Either side parses one message per exchange: {MessageBytes()} bytes of object, byte string and array. What else lies above the");
        report.Line("floor are the tasks that MoveNext and WriteAsync return where they have to wait.");
        report.Line();
        report.Line("| | client | server |");
        report.Line("|---|---:|---:|");
        using HttpClient http = new(Handler());
        http.DefaultRequestVersion = new Version(2, 0);
        http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        foreach ((string name, ITransportClient client) in new (string, ITransportClient)[]
        {
            (Floor, CreateRaw(address, Handler())),
            (Ours, CreateGrpc(address, Handler())),
        })
        {
            await client.OpenAsync();
            for (int i = 0; i < 1000; i++)
                await client.ExchangeAsync();

            long server = await AllocatedOnServerAsync(http, address);
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < AllocationExchangeCount; i++)
                await client.ExchangeAsync();
            double here = (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / AllocationExchangeCount;
            double there = (double)(await AllocatedOnServerAsync(http, address) - server) / AllocationExchangeCount;
            report.Line($"| {name} | {here:0} | {there:0} |");
        }
    }

    private static long MessageBytes()
    {
        ReadOnlySequence<byte> bytes = new(Message.ToByteArray());
        Ping.Parser.ParseFrom(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Ping.Parser.ParseFrom(bytes);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static async Task<long> AllocatedOnServerAsync(HttpClient http, Uri address) =>
        long.Parse(await http.GetStringAsync(new Uri(address, TransportServer.AllocatedPath)), CultureInfo.InvariantCulture);

    private static (string Where, Func<HttpMessageHandler> Connect, Func<PeerContenders, string> Target)[] Transports(string socket) =>
    [
        ("loopback TCP", Handler, peer => peer.TcpTarget),
        ("unix socket", () => SocketHandler(socket), peer => peer.SocketTarget),
    ];

    private static SocketsHttpHandler Handler() => new() { EnableMultipleHttp2Connections = true };

    private static SocketsHttpHandler SocketHandler(string path)
    {
        SocketsHttpHandler handler = Handler();
        handler.ConnectCallback = async (_, cancellationToken) =>
        {
            Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        };
        return handler;
    }

    private static RawClient CreateRaw(Uri address, HttpMessageHandler handler) =>
        new(new HttpMessageInvoker(handler), address, Frame());

    private static GrpcClient CreateGrpc(Uri address, HttpMessageHandler handler) =>
        new(GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler }), Message);

    private static byte[] Frame() => [0, 0, 0, 0, (byte)Message.CalculateSize(), .. Message.ToByteArray()];
}
