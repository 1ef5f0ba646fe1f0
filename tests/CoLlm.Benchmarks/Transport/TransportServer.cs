using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using CoLlm.Interop.Contract;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Benchmarks.Transport;

/// <summary>The server process of the transport benchmark: the same Kestrel serves the gRPC service and the raw frames.</summary>
internal static class TransportServer
{
    public const string RawStreamPath = "/raw/stream";
    public const string RawOncePath = "/raw/once";
    public const string AllocatedPath = "/allocated";

    private const int HeaderLength = 5;

    /// <summary>Serves on loopback and on the unix socket given, prints the port, and ends with its input.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // A stream waits for its turn between rounds.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.ListenUnixSocket(args[0], listen => listen.Protocols = HttpProtocols.Http2);
        });
        builder.Services.AddGrpc();
        await using WebApplication application = builder.Build();
        application.MapGrpcService<PingPongService>();
        application.MapPost(RawStreamPath, EchoFramesAsync);
        application.MapPost(RawOncePath, EchoFramesAsync);
        application.MapPost(ReadingEcho.Path, ReadingEcho.ServeAsync);
        application.MapGet(AllocatedPath, () => GC.GetTotalAllocatedBytes(precise: true).ToString());
        await application.StartAsync();
        Console.WriteLine(application.Urls.Where(url => url.Contains("127.0.0.1", StringComparison.Ordinal)).Select(url => new Uri(url).Port).First());
        await Console.In.ReadToEndAsync();
        return 0;
    }

    /// <summary>Finds each frame by its length, has it answered, and flushes once per frame.</summary>
    public static async Task AnswerFramesAsync(HttpContext context, Func<ReadOnlySequence<byte>, PipeWriter, ValueTask> answer)
    {
        context.Response.ContentType = "application/octet-stream";
        PipeReader reader = context.Request.BodyReader;
        PipeWriter writer = context.Response.BodyWriter;
        await context.Response.StartAsync();
        await writer.FlushAsync();
        while (true)
        {
            ReadResult result = await reader.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            while (TryTakeFrame(ref buffer, out ReadOnlySequence<byte> frame))
            {
                await answer(frame, writer);
                await writer.FlushAsync();
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
                return;
        }
    }

    /// <summary>The floor: sends each frame back.</summary>
    private static Task EchoFramesAsync(HttpContext context) => AnswerFramesAsync(context, static (frame, writer) =>
    {
        foreach (ReadOnlyMemory<byte> segment in frame)
            writer.Write(segment.Span);
        return default;
    });

    private static bool TryTakeFrame(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> frame)
    {
        frame = default;
        if (buffer.Length < HeaderLength)
            return false;

        Span<byte> header = stackalloc byte[HeaderLength];
        buffer.Slice(0, HeaderLength).CopyTo(header);
        long length = HeaderLength + BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (buffer.Length < length)
            return false;

        frame = buffer.Slice(0, length);
        buffer = buffer.Slice(length);
        return true;
    }

    private sealed class PingPongService : PingPong.PingPongBase
    {
        public override Task<Ping> Once(Ping request, ServerCallContext context) => Task.FromResult(request);

        public override async Task Stream(IAsyncStreamReader<Ping> requestStream, IServerStreamWriter<Ping> responseStream, ServerCallContext context)
        {
            while (await requestStream.MoveNext(CancellationToken.None))
                await responseStream.WriteAsync(requestStream.Current);
        }
    }
}
