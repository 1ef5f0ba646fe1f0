using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>Addresses, credentials, handlers and interceptors of a channel.</summary>
public sealed class GrpcChannelTests
{
    [Theory]
    [InlineData("ftp://host")]
    [InlineData("host:80")]
    public void ForAddress_SchemeIsNotHttp_IsRefused(string address) =>
        Assert.Throws<InvalidOperationException>(() => GrpcChannel.ForAddress(address));

    [Fact]
    public void ForAddress_CredentialsContradictTheScheme_IsRefused()
    {
        Assert.Throws<InvalidOperationException>(() => For("http://host", ChannelCredentials.SecureSsl));
        Assert.Throws<InvalidOperationException>(() => For("https://host", ChannelCredentials.Insecure));
        Assert.Throws<InvalidOperationException>(() => For("https://host", new SslCredentials("pem")));
        using GrpcChannel channel = For("https://host:123", new SslCredentials());
        Assert.Equal("host:123", channel.Target);
    }

    [Fact]
    public void Call_DeadlineIsNotUtc_IsRefused()
    {
        using GrpcChannel channel = GrpcChannel.ForAddress("http://host");
        CallOptions options = new(deadline: new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Local));
        Assert.Throws<InvalidOperationException>(() => channel.CreateCallInvoker().CallUnary(options));
    }

    [Fact]
    public void ForAddress_ClientAndHandler_IsRefused()
    {
        using HttpClient client = new();
        using HttpClientHandler handler = new();
        GrpcChannelOptions options = new() { HttpClient = client, HttpHandler = handler };
        Assert.Throws<ArgumentException>(() => GrpcChannel.ForAddress("http://host", options));
    }

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "first, second")]
    public async Task CallCredentials_OnCleartext_AreSentOnlyWhereAllowed(bool isAllowed, string expected)
    {
        string? sent = null;
        await using RawServer server = await RawServer.StartAsync(
            context =>
            {
                sent = context.Request.Headers["x-who"];
                return RawServer.AnswerAsync(context, RawServer.Frame([]));
            },
            new GrpcChannelOptions { UnsafeUseInsecureChannelCallCredentials = isAllowed });
        CallCredentials credentials = CallCredentials.Compose(Adding("first"), Adding("second"));
        await server.Invoker.CallUnary(new CallOptions(credentials: credentials));
        Assert.Equal(expected, sent ?? "");
    }

    [Fact]
    public async Task CallCredentials_ThatFail_FailTheCall()
    {
        await using RawServer server = await RawServer.StartAsync(
            _ => Task.CompletedTask, new GrpcChannelOptions { UnsafeUseInsecureChannelCallCredentials = true });
        CallCredentials failing = CallCredentials.FromInterceptor((_, _) => throw new RpcException(new Status(StatusCode.Unauthenticated, "no key")));
        Assert.Equal(StatusCode.Unauthenticated, (await StatusOf(async () => await server.Invoker.CallUnary(new CallOptions(credentials: failing)))).StatusCode);
    }

    [Fact]
    public async Task HttpClient_GivenAndNotToBeDisposed_OutlivesTheChannel()
    {
        await using RawServer server = await RawServer.StartAsync(context => RawServer.AnswerAsync(context, RawServer.Frame([])));
        using HttpClient client = new();
        for (int i = 0; i < 2; i++)
        {
            using GrpcChannel channel = GrpcChannel.ForAddress(server.Address, new GrpcChannelOptions { HttpClient = client });
            await channel.CreateCallInvoker().CallUnary();
        }
    }

    [Fact]
    public async Task ConnectCallback_LeadsElsewhere_TheAddressIsOnlyAName()
    {
        string? host = null;
        await using RawServer server = await RawServer.StartAsync(context =>
        {
            host = context.Request.Host.Value;
            return RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        int port = new Uri(server.Address).Port;
        using SocketsHttpHandler handler = new();
        handler.ConnectCallback = async (_, cancellationToken) =>
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        };
        using GrpcChannel channel = GrpcChannel.ForAddress("http://elsewhere", new GrpcChannelOptions { HttpHandler = handler });
        await channel.CreateCallInvoker().CallUnary();
        Assert.Equal("elsewhere", host);
    }

    [Fact]
    public async Task Intercept_EveryShape_PassesThroughTheInterceptor()
    {
        await using RawServer server = await RawServer.StartAsync(async context =>
        {
            await RawServer.ReadAsync(context);
            await RawServer.AnswerAsync(context, RawServer.Frame([]));
        });
        CountingInterceptor interceptor = new();
        CallInvoker invoker = server.Channel.Intercept(interceptor);
        await invoker.CallUnary();
        using var output = invoker.CallServerStreaming();
        Assert.True(await output.ResponseStream.MoveNext(default));
        using var input = invoker.CallClientStreaming();
        await input.RequestStream.CompleteAsync();
        await input;
        using var both = invoker.CallDuplex();
        await both.RequestStream.CompleteAsync();
        Assert.True(await both.ResponseStream.MoveNext(default));
        Assert.Equal(["Unary", "ServerStreaming", "ClientStreaming", "Duplex"], interceptor.Names);
    }

    private static GrpcChannel For(string address, ChannelCredentials credentials) =>
        GrpcChannel.ForAddress(address, new GrpcChannelOptions { Credentials = credentials });

    private static CallCredentials Adding(string value) => CallCredentials.FromInterceptor((_, metadata) =>
    {
        metadata.Add("x-who", value);
        return Task.CompletedTask;
    });

    private sealed class CountingInterceptor : Interceptor
    {
        public List<string> Names { get; } = [];

        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            Names.Add(context.Method.Name);
            return continuation(request, context);
        }

        public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
            TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncServerStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            Names.Add(context.Method.Name);
            return continuation(request, context);
        }

        public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncClientStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            Names.Add(context.Method.Name);
            return continuation(context);
        }

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context, AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            Names.Add(context.Method.Name);
            return continuation(context);
        }
    }
}
