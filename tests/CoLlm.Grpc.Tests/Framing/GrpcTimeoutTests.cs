using FsCheck.Fluent;
using Grpc.Framing;

namespace CoLlm.Grpc.Tests.Framing;

/// <summary>The timeout header.</summary>
public sealed class GrpcTimeoutTests
{
    [Theory]
    [InlineData("1H", 36_000_000_000L)]
    [InlineData("2M", 1_200_000_000L)]
    [InlineData("3S", 30_000_000L)]
    [InlineData("4m", 40_000L)]
    [InlineData("5u", 50L)]
    [InlineData("600n", 6L)]
    [InlineData("1n", 1L)]
    [InlineData("0S", 0L)]
    [InlineData("99999999H", 99_999_999L * 36_000_000_000L)]
    public void TryParse_DigitsAndUnit_GivesTheTime(string text, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(text, out TimeSpan timeout));
        Assert.Equal(ticks, timeout.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1s")]
    [InlineData("-1S")]
    [InlineData("+1S")]
    [InlineData(" 1S")]
    [InlineData("1.5S")]
    [InlineData("100000000S")]
    public void TryParse_AnythingElse_Fails(string text) => Assert.False(GrpcTimeout.TryParse(text, out _));

    [Theory]
    [InlineData(0L, "1n")]
    [InlineData(-5L, "1n")]
    [InlineData(1L, "100n")]
    [InlineData(999_999L, "99999900n")]
    [InlineData(1_000_000L, "100000u")]
    [InlineData(10_000_000_000L, "1000000m")]
    [InlineData(long.MaxValue, "99999999H")]
    public void Format_Time_UsesTheFinestUnitThatHoldsIt(long ticks, string text) =>
        Assert.Equal(text, GrpcTimeout.Format(new TimeSpan(ticks)));

    [Fact]
    public void TryParse_OfFormat_IsNeverLessAndAtMostOneUnitMore() => Seeded.Check(Prop.ForAll(
        Gen.Choose(1, int.MaxValue).SelectMany(_ => Gen.Choose(0, 30), (value, shift) => (long)value << shift).ToArbitrary(),
        ticks =>
        {
            TimeSpan time = new(Math.Min(ticks, 99_999_999L * TimeSpan.TicksPerHour));
            string text = GrpcTimeout.Format(time);
            return text.Length <= 9
                && GrpcTimeout.TryParse(text, out TimeSpan parsed)
                && parsed >= time
                && (parsed - time).Ticks <= Math.Max(time.Ticks / 100_000, 1);
        }));
}
