using CoLlm.Grpc.Tests.Protos;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>Interceptors of the server: their order, their reach and their life.</summary>
public sealed class InterceptorTests
{
    private static readonly byte[] Empty = RawCall.Frame(new EchoRequest());

    [Theory]
    [InlineData("Unary")]
    [InlineData("Collect")]
    [InlineData("Expand")]
    [InlineData("Chat")]
    public async Task Interceptors_OfAllAndOfTheService_RunFromTheOutsideIn(string method)
    {
        List<string> steps = [];
        await using EchoHost host = await EchoHost.StartAsync(
            configure: options =>
            {
                options.Interceptors.Add<Recording>("outer");
                options.Interceptors.Add<Recording>("middle");
            },
            addServices: services =>
            {
                services.AddSingleton(steps);
                services.AddGrpc().AddServiceOptions<EchoService>(options => options.Interceptors.Add<Recording>("inner"));
            });
        RawReply reply = await RawCall.SendAsync(host.Http, "/collm.testing.Echo/" + method, Empty);

        Assert.Equal("0", reply.Status);
        Assert.Equal(["outer", "middle", "inner", "inner done", "middle done", "outer done"], steps);
    }

    [Fact]
    public async Task Interceptor_ThatThrows_EndsTheCallWithItsStatus()
    {
        await using EchoHost host = await EchoHost.StartAsync(configure: options => options.Interceptors.Add<Refusing>());
        RawReply reply = await RawCall.SendAsync(host.Http, "/collm.testing.Echo/Unary", Empty);
        Assert.Equal("16", reply.Status);
        Assert.Equal("who are you", reply.Message);
    }

    [Fact]
    public async Task Interceptor_OfTheServices_IsTheirs()
    {
        Recording own = new("own", []);
        await using EchoHost host = await EchoHost.StartAsync(
            configure: options => options.Interceptors.Add<Recording>(), addServices: services => services.AddSingleton(own));
        await RawCall.SendAsync(host.Http, "/collm.testing.Echo/Unary", Empty);
        Assert.Equal(["own", "own done"], own.Steps);
    }

    [Fact]
    public async Task Interceptor_MadeForTheCall_IsDisposedAfterIt()
    {
        List<string> steps = [];
        await using EchoHost host = await EchoHost.StartAsync(
            configure: options => options.Interceptors.Add<Disposed>(), addServices: services => services.AddSingleton(steps));
        await RawCall.SendAsync(host.Http, "/collm.testing.Echo/Unary", Empty);
        Assert.Equal(["called", "disposed"], steps);
    }

    [Fact]
    public void Add_TypeThatIsNoInterceptor_IsRefused() =>
        Assert.Throws<ArgumentException>(() => new InterceptorCollection().Add(typeof(string)));

    private sealed class Recording(string name, List<string> steps) : Interceptor
    {
        public List<string> Steps { get; } = steps;

        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            RunAsync(() => continuation(request, context));

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            ServerCallContext context,
            ClientStreamingServerMethod<TRequest, TResponse> continuation) => RunAsync(() => continuation(requestStream, context));

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(
            TRequest request,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
            RunAsync(() => Done(continuation(request, responseStream, context)));

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream,
            IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context,
            DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
            RunAsync(() => Done(continuation(requestStream, responseStream, context)));

        private static async Task<bool> Done(Task task)
        {
            await task;
            return true;
        }

        private async Task<T> RunAsync<T>(Func<Task<T>> next)
        {
            Steps.Add(name);
            T result = await next();
            Steps.Add(name + " done");
            return result;
        }
    }

    private sealed class Refusing : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            throw new RpcException(new Status(StatusCode.Unauthenticated, "who are you"));
    }

    private sealed class Disposed(List<string> steps) : Interceptor, IDisposable
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
            TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            steps.Add("called");
            return continuation(request, context);
        }

        public void Dispose() => steps.Add("disposed");
    }
}
