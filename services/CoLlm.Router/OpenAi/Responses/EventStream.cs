using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Router.OpenAi.Responses;

/// <summary>
/// Sends an answer as server-sent events: a chunk for each token, and <c>[DONE]</c>. Takes the events that a gRPC client would, so that nothing
/// of an answer differs between the two. Nothing is sent before the request is admitted. Used by one caller at a time.
/// </summary>
internal sealed class EventStream(HttpResponse response, AnswerJson answer, bool includesUsage) : IServerStreamWriter<GenerateResponse>, IDisposable
{
    /// <summary>Written together at most, where more follows.</summary>
    private const long MaxUnflushedBytes = 16 << 10;

    private readonly PipeWriter _body = response.BodyWriter;
    private readonly Utf8JsonWriter _json = new(response.BodyWriter, JsonBody.Options);

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(GenerateResponse message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(GenerateResponse message, CancellationToken cancellationToken)
    {
        switch (message.EventCase)
        {
            case GenerateResponse.EventOneofCase.Started:
                Start(message.Started);
                break;
            case GenerateResponse.EventOneofCase.Token:
                Write(json => answer.WriteToken(json, message.Token));
                break;
            default:
                End(message.Summary);
                break;
        }

        bool moreFollows = WriteOptions is { } options && options.Flags.HasFlag(WriteFlags.BufferHint);
        return moreFollows && _body.UnflushedBytes < MaxUnflushedBytes ? Task.CompletedTask : _body.FlushAsync(cancellationToken).AsTask();
    }

    public void Dispose() => _json.Dispose();

    private void Start(Started started)
    {
        answer.Begin(started);
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Accel-Buffering"] = "no"; // Proxies would hold events back until a buffer is full.
        response.Headers["X-Request-Id"] = answer.RequestId;
        Write(answer.WriteStart);
    }

    private void End(Summary summary)
    {
        if (summary.Failed())
        {
            Write(json => answer.WriteFailure(json, summary));
            return;
        }

        Write(json => answer.WriteEnd(json, summary));
        if (includesUsage)
            Write(json => answer.WriteUsage(json, summary));
        _body.Write("data: [DONE]\n\n"u8);
    }

    private void Write(Action<Utf8JsonWriter> write)
    {
        _body.Write("data: "u8);
        _json.Reset();
        write(_json);
        _json.Flush();
        _body.Write("\n\n"u8);
    }
}
