using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Net.Client;
using static CoLlm.Grpc.Tests.Client.EchoMethods;

namespace CoLlm.Grpc.Tests.Client;

/// <summary>A message that the connection has taken, and whose server ends the call before it is known to be flushed.</summary>
public sealed class UnflushedWriteTests
{
    [Fact]
    public async Task WriteAsync_ServerEndsTheCallUponTheMessage_IsWrittenAndReadingGivesTheStatus()
    {
        using ResettingHandler handler = new();
        using GrpcChannel channel = GrpcChannel.ForAddress("http://server", new GrpcChannelOptions { HttpHandler = handler });
        using var call = channel.CreateCallInvoker().CallDuplex();

        await call.RequestStream.WriteAsync(Message());

        Status status = await StatusOf(() => call.ResponseStream.MoveNext(default));
        Assert.Equal((StatusCode.FailedPrecondition, "refused"), (status.StatusCode, status.Detail));
    }

    [Fact]
    public async Task WriteAsync_ServerHasAnsweredMeanwhile_ThrowsTheStatus()
    {
        using ResettingHandler handler = new();
        using GrpcChannel channel = GrpcChannel.ForAddress("http://server", new GrpcChannelOptions { HttpHandler = handler });
        using var call = channel.CreateCallInvoker().CallClientStreaming();

        Status status = await StatusOf(() => call.RequestStream.WriteAsync(Message()));

        Assert.Equal((StatusCode.FailedPrecondition, "refused"), (status.StatusCode, status.Detail));
    }

    /// <summary>Takes what is written, answers with a status, and says upon each flush of a message that the stream was reset.</summary>
    private sealed class ResettingHandler : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            _ = request.Content!.CopyToAsync(new ResetStream(), CancellationToken.None);
            HttpResponseMessage response = new(HttpStatusCode.OK) { Version = HttpVersion.Version20, RequestMessage = request, Content = new ByteArrayContent([]) };
            response.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            response.TrailingHeaders.Add("grpc-status", "9");
            response.TrailingHeaders.Add("grpc-message", "refused");
            return Task.FromResult(response);
        }
    }

    private sealed class ResetStream : MemoryStream
    {
        public override Task FlushAsync(CancellationToken cancellationToken) =>
            Length == 0 ? Task.CompletedTask : Task.FromException(new OperationCanceledException("The stream was reset."));
    }
}
