using System.Net;

namespace CoLlm.Benchmarks.Transport;

/// <summary>The floor on the client's side: the same bytes as a gRPC message in HTTP/2 frames, written and read by hand.</summary>
internal sealed class RawClient(
    HttpMessageInvoker http, Uri address, byte[] frame, string streamPath = TransportServer.RawStreamPath) : ITransportClient
{
    private readonly byte[] _answer = new byte[frame.Length];
    private Stream _requests = Stream.Null;
    private Stream _responses = Stream.Null;

    /// <summary>The last answer on the stream, header included.</summary>
    public ReadOnlySpan<byte> Answer => _answer;

    public async Task OpenAsync()
    {
        OpenBody body = new();
        HttpResponseMessage response = await http.SendAsync(Request(streamPath, body), CancellationToken.None);
        _requests = await body.Opened;
        _responses = await response.Content.ReadAsStreamAsync();
    }

    public async ValueTask ExchangeAsync()
    {
        await _requests.WriteAsync(frame);
        await _requests.FlushAsync();
        await ReadFrameAsync(_responses, _answer);
    }

    public async Task CallAsync()
    {
        using HttpResponseMessage response = await http.SendAsync(Request(TransportServer.RawOncePath, new OneFrame(frame)), CancellationToken.None);
        Stream body = await response.Content.ReadAsStreamAsync();
        byte[] answer = new byte[frame.Length + 1];
        int length = 0;
        for (int count; (count = await body.ReadAsync(answer.AsMemory(length))) > 0;)
            length += count;
        if (length != frame.Length)
            throw new InvalidDataException($"The answer has {length} bytes instead of {frame.Length}.");
    }

    private static async ValueTask ReadFrameAsync(Stream stream, byte[] buffer)
    {
        for (int length = 0; length < buffer.Length;)
        {
            int count = await stream.ReadAsync(buffer.AsMemory(length));
            if (count == 0)
                throw new EndOfStreamException("The server ended the stream.");
            length += count;
        }
    }

    private HttpRequestMessage Request(string path, HttpContent content) => new(HttpMethod.Post, new Uri(address, path))
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Content = content,
    };

    /// <summary>A body of one frame, without a length, as a gRPC request has it.</summary>
    private sealed class OneFrame(byte[] frame) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(frame).AsTask();

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>A body that stays open, for frames to be written to it.</summary>
    private sealed class OpenBody : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Stream> Opened => _opened.Task;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            _opened.SetResult(stream);
            await new TaskCompletionSource().Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
