using System.Buffers.Binary;

namespace CoLlm.Interop.Tests;

/// <summary>Notes of each response message whether its frame says that it is compressed; the gRPC API does not tell.</summary>
internal sealed class CompressionWatch(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>One flag per message since the last <see cref="Clear"/>, in order.</summary>
    public List<bool> Flags { get; } = [];

    public void Clear() => Flags.Clear();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        Stream body = await response.Content.ReadAsStreamAsync(CancellationToken.None);
        StreamContent watched = new(new WatchedStream(body, Flags));
        foreach ((string name, IEnumerable<string> values) in response.Content.Headers)
            watched.Headers.TryAddWithoutValidation(name, values);

        response.Content = watched;
        return response;
    }

    /// <summary>Passes bytes on and follows the frames in them.</summary>
    private sealed class WatchedStream(Stream inner, List<bool> flags) : Stream
    {
        private readonly byte[] _header = new byte[5];
        private int _headerCount;
        private long _payloadLeft;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await inner.ReadAsync(buffer, cancellationToken);
            foreach (byte value in buffer.Span[..count])
                Follow(value);

            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }

        private void Follow(byte value)
        {
            if (_payloadLeft > 0)
            {
                _payloadLeft--;
                return;
            }

            _header[_headerCount++] = value;
            if (_headerCount < _header.Length)
                return;

            flags.Add(_header[0] == 1);
            _payloadLeft = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(1));
            _headerCount = 0;
        }
    }
}
