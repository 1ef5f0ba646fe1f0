using System.Buffers.Binary;
using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>An HTTP/2 server without gRPC, whose answer each test writes byte by byte, with a channel to it.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private RawServer(WebApplication application, GrpcChannelOptions options)
    {
        _application = application;
        Address = application.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>()
            .Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        Channel = GrpcChannel.ForAddress(Address, options);
        Invoker = Channel.CreateCallInvoker();
    }

    public string Address { get; }

    public GrpcChannel Channel { get; }

    public CallInvoker Invoker { get; }

    public static Task<RawServer> StartAsync(RequestDelegate answer) => StartAsync(answer, new GrpcChannelOptions());

    public static async Task<RawServer> StartAsync(RequestDelegate answer, GrpcChannelOptions options)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        WebApplication application = builder.Build();
        application.Run(answer);
        await application.StartAsync(TestContext.Current.CancellationToken);
        return new RawServer(application, options);
    }

    /// <summary>One message as it lies on the wire.</summary>
    public static byte[] Frame(byte[] payload, byte flag = 0, uint? length = null)
    {
        byte[] frame = new byte[5 + payload.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }

    /// <summary>Answers with these bytes as the body and, unless null, this status in the trailers.</summary>
    public static async Task AnswerAsync(HttpContext context, byte[] body, string? status = "0", string? encoding = null)
    {
        context.Response.ContentType = "application/grpc";
        if (encoding is not null)
            context.Response.Headers["grpc-encoding"] = encoding;

        await context.Response.StartAsync();
        await context.Response.Body.WriteAsync(body);
        await context.Response.Body.FlushAsync();
        if (status is not null)
            context.Response.AppendTrailer("grpc-status", status);
    }

    /// <summary>Sends the response headers alone.</summary>
    public static async Task BeginAsync(HttpContext context)
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.StartAsync();
        await context.Response.Body.FlushAsync();
    }

    /// <summary>Reads the request to its end.</summary>
    public static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    /// <summary>A task that ends when the server sees the request given up.</summary>
    public static Task Aborted(HttpContext context)
    {
        TaskCompletionSource aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        context.RequestAborted.Register(aborted.SetResult);
        return aborted.Task;
    }

    public static void Reset(HttpContext context, int errorCode) => context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(errorCode);

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        using CancellationTokenSource atOnce = new();
        await atOnce.CancelAsync();
        await _application.StopAsync(atOnce.Token);
        await _application.DisposeAsync();
    }
}
