using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>A call made by hand: every header and every byte is the test's own.</summary>
public sealed class RawCall : IAsyncDisposable
{
    private readonly RequestBody _body = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly Task<HttpResponseMessage> _sending;
    private Stream? _stream;

    private RawCall(HttpClient http, HttpRequestMessage request, string? contentType)
    {
        request.Content = _body;
        if (contentType is not null)
            _body.Headers.TryAddWithoutValidation("content-type", contentType);

        _sending = http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _abort.Token);
    }

    public static RawCall Start(
        HttpClient http, string path, string? contentType = "application/grpc", params (string Name, string Value)[] headers)
    {
        HttpRequestMessage request = new(HttpMethod.Post, path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        foreach ((string name, string value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);

        return new RawCall(http, request, contentType);
    }

    /// <summary>A whole call: these bytes, then the end of the request, then everything that comes back.</summary>
    public static async Task<RawReply> SendAsync(HttpClient http, string path, byte[] body, params (string Name, string Value)[] headers)
    {
        await using RawCall call = Start(http, path, headers: headers);
        await call.TryWriteAsync(body);
        call.CompleteRequests();
        return await call.ReadToEndAsync();
    }

    public static byte[] Frame(IMessage message) => Frame(message.ToByteArray());

    public static byte[] Frame(byte[] message, byte flag = 0, uint? claimedLength = null)
    {
        byte[] frame = new byte[5 + message.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), claimedLength ?? (uint)message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public async Task WriteAsync(byte[] bytes)
    {
        Stream stream = await _body.Stream;
        await stream.WriteAsync(bytes);
        await stream.FlushAsync();
    }

    /// <summary>Writes what may well be refused: a server that has ended the call need not take the rest of the request.</summary>
    public async Task TryWriteAsync(byte[] bytes)
    {
        try
        {
            await WriteAsync(bytes);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or OperationCanceledException)
        {
            // What the server says instead is for the test to read.
        }
    }

    public void CompleteRequests() => _body.Complete();

    /// <summary>Resets the stream, as a client does that gives the call up.</summary>
    public async Task AbortAsync()
    {
        await _abort.CancelAsync();
        _body.Abort();
        if (_sending.IsCompletedSuccessfully)
            (await _sending).Dispose();
    }

    public Task<HttpResponseMessage> ResponseAsync() => _sending;

    /// <summary>The next message, or null at the end of the stream.</summary>
    public async Task<RawMessage?> ReadAsync()
    {
        _stream ??= await (await _sending).Content.ReadAsStreamAsync();
        byte[] header = new byte[5];
        int count = await _stream.ReadAtLeastAsync(header, 5, throwOnEndOfStream: false);
        if (count == 0)
            return null;

        Assert.Equal(5, count);
        byte[] message = new byte[BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(1))];
        await _stream.ReadExactlyAsync(message);
        return new RawMessage(header[0], message);
    }

    public async Task<RawReply> ReadToEndAsync()
    {
        HttpResponseMessage response = await _sending;
        List<RawMessage> messages = [];
        while (await ReadAsync() is { } message)
            messages.Add(message);

        return new RawReply(response, messages);
    }

    public async ValueTask DisposeAsync()
    {
        _body.Complete();
        try
        {
            (await _sending).Dispose();
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            // The test looked at the failure where it mattered.
        }

        _abort.Dispose();
    }

    /// <summary>A request body that stays open for as long as the test wants.</summary>
    private sealed class RequestBody : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _stream = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Stream> Stream => _stream.Task;

        public void Complete() => _completed.TrySetResult();

        public void Abort() => _completed.TrySetCanceled();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            _stream.TrySetResult(stream);
            await _completed.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

/// <summary>One message as it came: its flag and its bytes.</summary>
public sealed record RawMessage(byte Flag, byte[] Bytes)
{
    public T Parse<T>()
        where T : IMessage<T>, new()
    {
        T message = new();
        message.MergeFrom(Bytes);
        return message;
    }
}

/// <summary>Everything that came back.</summary>
public sealed record RawReply(HttpResponseMessage Response, List<RawMessage> Messages)
{
    /// <summary>Whether the status came in the headers, with nothing after them.</summary>
    public bool IsTrailersOnly => Response.Headers.Contains("grpc-status");

    public string? Status => Field("grpc-status");

    public string? Message => Field("grpc-message");

    public string? Header(string name) => Response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(",", values) : null;

    public string? Trailer(string name) =>
        Response.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(",", values) : null;

    private string? Field(string name) => Header(name) ?? Trailer(name);
}
