using System.Diagnostics;
using CoLlm.Benchmarks.Rounds;

namespace CoLlm.Benchmarks.Transport;

/// <summary>A client in this process whose exchanges and calls are measured.</summary>
internal interface ITransportClient
{
    /// <summary>Opens the one stream of the exchanges.</summary>
    Task OpenAsync();

    /// <summary>Sends one message on the stream and waits for its answer.</summary>
    ValueTask ExchangeAsync();

    /// <summary>Makes one unary call.</summary>
    Task CallAsync();

    /// <summary>Microseconds of each of so many exchanges, one after the other.</summary>
    sealed Contender Exchanges(string name) => new(name, async count =>
    {
        double[] samples = new double[count];
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await ExchangeAsync();
            samples[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        return samples;
    });

    /// <summary>Microseconds per call of so many calls with so many in flight, as the only sample.</summary>
    sealed Contender Calls(string name, int inFlightCount) => new(name, async count =>
    {
        long start = Stopwatch.GetTimestamp();
        int left = count;
        await Task.WhenAll(Enumerable.Range(0, inFlightCount).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await CallAsync();
        }));
        return [Stopwatch.GetElapsedTime(start).TotalMicroseconds / count];
    });
}
