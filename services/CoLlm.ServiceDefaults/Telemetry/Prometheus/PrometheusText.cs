using System.Globalization;
using System.Text;

namespace CoLlm.ServiceDefaults.Telemetry.Prometheus;

/// <summary>A growing buffer of UTF-8 with a bound, and the ways in which the text formats spell numbers and strings.</summary>
internal sealed class PrometheusText(int maxBytes)
{
    private const int LongestNumber = 32;

    private byte[] _bytes = new byte[64 * 1024];
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public void Clear() => _length = 0;

    /// <exception cref="PrometheusOverflowException">The text exceeds its bound.</exception>
    public void Write(ReadOnlySpan<char> text)
    {
        Span<byte> free = Reserve(Encoding.UTF8.GetMaxByteCount(text.Length));
        _length += Encoding.UTF8.GetBytes(text, free);
    }

    public void Write(long value)
    {
        value.TryFormat(Reserve(LongestNumber), out int written, provider: CultureInfo.InvariantCulture);
        _length += written;
    }

    public void Write(double value)
    {
        if (double.IsPositiveInfinity(value))
            Write("+Inf");
        else if (double.IsNegativeInfinity(value))
            Write("-Inf");
        else if (value == Math.Truncate(value) && Math.Abs(value) < 1e15)
            WriteWhole((long)value);
        else
            WriteShortest(value);
    }

    /// <summary>A label's value, or the help text: in the latter quotes stay as they are.</summary>
    public void WriteEscaped(ReadOnlySpan<char> text, bool escapeQuotes)
    {
        ReadOnlySpan<char> escaped = escapeQuotes ? "\\\n\"" : "\\\n";
        while (text.IndexOfAny(escaped) is var at and >= 0)
        {
            Write(text[..at]);
            Write(text[at] switch
            {
                '\n' => "\\n",
                '"' => "\\\"",
                _ => "\\\\",
            });
            text = text[(at + 1)..];
        }

        Write(text);
    }

    /// <summary>Whole numbers get ".0", so that a bucket's bound is the same label in both formats.</summary>
    private void WriteWhole(long value)
    {
        Write(value);
        Write(".0");
    }

    private void WriteShortest(double value)
    {
        value.TryFormat(Reserve(LongestNumber), out int written, provider: CultureInfo.InvariantCulture);
        _length += written;
    }

    private Span<byte> Reserve(int count)
    {
        if (_length + count > _bytes.Length)
        {
            if (_length + count > maxBytes)
                throw new PrometheusOverflowException($"The metrics exceed {maxBytes} bytes, the bound of one scrape.");
            Array.Resize(ref _bytes, Math.Min(maxBytes, Math.Max(2 * _bytes.Length, _length + count)));
        }

        return _bytes.AsSpan(_length);
    }
}

/// <summary>A scrape would be larger than its bound.</summary>
internal sealed class PrometheusOverflowException(string message) : Exception(message);
