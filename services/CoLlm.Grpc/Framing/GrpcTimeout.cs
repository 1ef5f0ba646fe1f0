using System.Globalization;

namespace Grpc.Framing;

/// <summary>The <c>grpc-timeout</c> header: at most eight digits and a unit.</summary>
internal static class GrpcTimeout
{
    private const long MaxValue = 99_999_999;
    private const long NanosecondsPerTick = 100;

    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('u', TimeSpan.TicksPerMicrosecond),
        ('m', TimeSpan.TicksPerMillisecond),
        ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute),
        ('H', TimeSpan.TicksPerHour),
    ];

    /// <summary>The finest unit that holds the time, rounded up so that the other side never gives up first; no time left is one nanosecond.</summary>
    public static string Format(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            return "1n";

        if (timeout.Ticks <= MaxValue / NanosecondsPerTick)
            return string.Create(CultureInfo.InvariantCulture, $"{timeout.Ticks * NanosecondsPerTick}n");

        foreach ((char unit, long ticks) in Units)
        {
            long value = (timeout.Ticks / ticks) + (timeout.Ticks % ticks > 0 ? 1 : 0);
            if (value <= MaxValue)
                return string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");
        }

        return "99999999H";
    }

    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9 || !long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            return false;

        if (text[^1] == 'n')
        {
            timeout = new TimeSpan((value + NanosecondsPerTick - 1) / NanosecondsPerTick);
            return true;
        }

        foreach ((char unit, long ticks) in Units)
        {
            if (unit == text[^1])
            {
                timeout = new TimeSpan(value * ticks);
                return true;
            }
        }

        return false;
    }
}
