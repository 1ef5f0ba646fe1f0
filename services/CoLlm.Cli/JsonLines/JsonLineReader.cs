namespace CoLlm.Cli.JsonLines;

/// <summary>
/// Cuts a byte stream into lines of bounded length. A line over the bound is read past without being kept, so that the lines
/// after it still count.
/// </summary>
/// <param name="input">The stream; not disposed.</param>
/// <param name="maxLineBytes">Longest line that is kept, in bytes.</param>
/// <param name="beforeWaiting">Called before every read of the stream, which may block: the moment to flush answers.</param>
internal sealed class JsonLineReader(Stream input, int maxLineBytes, Action beforeWaiting)
{
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _ended;
    private bool _anyRead;

    /// <summary>The line without its line feed; valid until the next read. Empty when <see cref="IsTooLong"/>.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>True: the line exceeded the bound and its content is gone.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>Moves to the next line; false at the end of the stream.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        IsTooLong = false;
        int searched = 0;
        while (true)
        {
            int length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                Take(searched + length, separatorBytes: 1);
                return true;
            }

            searched = _end - _start;
            if (searched > maxLineBytes)
            {
                IsTooLong = true;
                _start = _end = searched = 0;
            }

            if (_ended || !await FillAsync(cancellationToken))
                return TakeRest();
        }
    }

    private bool TakeRest()
    {
        _ended = true;
        if (_end == _start && !IsTooLong)
            return false;
        Take(_end - _start, separatorBytes: 0);
        return true;
    }

    private void Take(int length, int separatorBytes)
    {
        IsTooLong |= length > maxLineBytes;
        Line = IsTooLong ? default : _buffer.AsMemory(_start, length);
        _start += length + separatorBytes;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, (int)Math.Min((long)_buffer.Length * 2, Math.Max(maxLineBytes + 2L, _buffer.Length + 1L)));
        beforeWaiting();
        int read = await input.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        if (!_anyRead)
            SkipByteOrderMark();
        _anyRead = true;
        return read > 0;
    }

    private void SkipByteOrderMark()
    {
        if (_buffer.AsSpan(0, _end).StartsWith("\uFEFF"u8))
            _start = 3;
    }
}
