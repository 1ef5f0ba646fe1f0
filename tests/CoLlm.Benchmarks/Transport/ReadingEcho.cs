using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Benchmarks.Transport;

/// <summary>
/// Echoes frames without gRPC, as an engine would answer: before each answer a thread of its own reads through as much memory as a
/// model's weights take, and the answer leaves from that thread. What the memory pushes out of the caches is part of what a deferral costs.
/// </summary>
internal sealed class ReadingEcho : IDisposable
{
    public const string Path = "/raw/reading";

    /// <summary>The last bytes of an answer: what the reading took, in microseconds, as a double.</summary>
    public const int TimeLength = sizeof(double);

    private readonly long[] _memory;
    private readonly SemaphoreSlim _asked = new(0);
    private TaskCompletionSource<double> _read = new();
    private bool _isEnding;

    private ReadingEcho(int bytes)
    {
        _memory = new long[bytes / sizeof(long)];
        Array.Fill(_memory, 1);
        new Thread(ReadForever) { IsBackground = true, Name = "reading echo" }.Start();
    }

    /// <summary>Serves one stream; the query says how many bytes are read: <c>?bytes=1000000</c>.</summary>
    public static async Task ServeAsync(HttpContext context)
    {
        using ReadingEcho echo = new(int.Parse(context.Request.Query["bytes"].ToString(), CultureInfo.InvariantCulture));
        await TransportServer.AnswerFramesAsync(context, async (frame, writer) =>
        {
            double microseconds = await echo.ReadAsync();
            Span<byte> answer = writer.GetSpan((int)frame.Length);
            frame.CopyTo(answer);
            BitConverter.TryWriteBytes(answer[((int)frame.Length - TimeLength)..], microseconds);
            writer.Advance((int)frame.Length);
        });
    }

    public void Dispose()
    {
        _isEnding = true;
        _asked.Release();
    }

    /// <summary>The caller goes on upon the reading thread.</summary>
    private Task<double> ReadAsync()
    {
        _read = new TaskCompletionSource<double>();
        Task<double> read = _read.Task;
        _asked.Release();
        return read;
    }

    private void ReadForever()
    {
        while (true)
        {
            _asked.Wait();
            if (_isEnding)
                return;
            long start = Stopwatch.GetTimestamp();
            long sum = 0;
            foreach (long value in _memory)
                sum += value;
            if (sum != _memory.Length)
                throw new InvalidOperationException("The memory has changed.");
            _read.SetResult(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }
    }
}
