using System.Net;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Benchmarks.Transport;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Cpu.Measuring;
using CoLlm.Interop.Contract;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Benchmarks.Inference;

/// <summary>What an RPC in the same process takes while all cores decode, beside what it takes while they rest.</summary>
internal static class LatencyBenchmark
{
    public const string Name = "inference-latency";
    public const string Summary = "RPC ping-pong in a process whose cores all compute: results/inference-latency.md";

    private const int Rounds = 7;
    private const int Exchanges = 2000;
    private const int MessageBytes = 64;
    private const double TargetMicroseconds = 500;

    public static async Task<int> RunAsync(string[] args)
    {
        using RandomCheckpoint checkpoint = new(ModelShapes.Find("1b")!);
        using CpuBackend backend = CpuBackend.Load(checkpoint);
        using CpuSpeed speed = new(backend, maxBatch: 1, maxTokens: 64);
        await using WebApplication server = await ServeAsync();
        using GrpcChannel channel = GrpcChannel.ForAddress(server.Urls.First());
        GrpcClient client = new(channel, new Ping { Body = ByteString.CopyFrom(new byte[MessageBytes]) });
        await client.OpenAsync();

        Contender resting = ((ITransportClient)client).Exchanges("cores resting");
        Contender computing = new("all cores decoding", async count =>
        {
            using CancellationTokenSource enough = new();
            Thread decoding = new(() =>
            {
                backend.EnterLoop();
                while (!enough.IsCancellationRequested)
                    speed.Decode(1, 32);
            });
            decoding.Start();
            double[] samples = await resting.MeasureAsync(count);
            await enough.CancelAsync();
            decoding.Join();
            return samples;
        });
        IReadOnlyList<RoundStatistics> rows = await InterleavedRounds.RunAsync([resting, computing], Rounds, Exchanges, Exchanges);

        ResultFile report = new("inference-latency", "RPC latency while all cores compute", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {Name}");
        report.Line($"- {MessageBytes} bytes on one bidirectional gRPC stream over loopback, client, server and {backend.ThreadCount} compute threads in one process; p99 asked for: below {TargetMicroseconds:0} us");
        report.Table("Ping-pong", "us", rows);
        report.Save();
        return rows[1].P99 < TargetMicroseconds ? 0 : 1;
    }

    private static async Task<WebApplication> ServeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        WebApplication application = builder.Build();
        application.MapGrpcService<Echo>();
        await application.StartAsync();
        return application;
    }

    private sealed class Echo : PingPong.PingPongBase
    {
        public override async Task Stream(IAsyncStreamReader<Ping> requestStream, IServerStreamWriter<Ping> responseStream, ServerCallContext context)
        {
            while (await requestStream.MoveNext(CancellationToken.None))
                await responseStream.WriteAsync(requestStream.Current);
        }
    }
}
