using CoLlm.Evaluation.Metrics;

namespace CoLlm.Evaluation.Tests.Metrics;

/// <summary>Numbers are equal to the last digit, and nothing else is equal to a number.</summary>
public sealed class NumericMatchTests
{
    [Theory]
    [InlineData("3125", "3125")]
    [InlineData("3,125", "3125")]
    [InlineData("3125.0", "3125")]
    [InlineData("3125.", "3125")]
    [InlineData("+3125", "3125")]
    [InlineData("03125", "3125")]
    [InlineData("$3,125.00", "3125")]
    [InlineData("-$5", "-5")]
    [InlineData("$-5", "-5")]
    [InlineData("\u22125", "-5")]
    [InlineData("- 5", "-5")]
    [InlineData(".5", "0.5")]
    [InlineData("0.50", ".5")]
    [InlineData("-0", "0")]
    [InlineData("50%", "50")]
    [InlineData("1234567890123456789012345678901234567890.1", "1,234,567,890,123,456,789,012,345,678,901,234,567,890.10")]
    public void IsRight_SameNumber_IsRight(string answer, string accepted)
    {
        Assert.True(NumericMatch.IsRight(answer, [accepted]));
        Assert.True(NumericMatch.IsRight(accepted, ["7", answer]));
    }

    [Theory]
    [InlineData("-3125", "3125")]
    [InlineData("31.25", "3125")]
    [InlineData("3125.01", "3125")]
    [InlineData("3124.9999999999999999", "3125")]
    [InlineData("31250", "3125")]
    [InlineData("125", "3125")]
    [InlineData("31,25", "3125")]
    [InlineData("3,1255", "31255")]
    [InlineData("", "3125")]
    [InlineData(" ", "3125")]
    [InlineData(".", "0")]
    [InlineData("-", "0")]
    [InlineData(",", "0")]
    [InlineData("%", "0")]
    [InlineData("--5", "5")]
    [InlineData("-$-5", "5")]
    [InlineData("1.2.3", "1.2")]
    [InlineData("3125 apples", "3125")]
    [InlineData("\u0663", "3")]
    [InlineData("NaN", "NaN")]
    [InlineData("12345678901234567890123456789012345678901", "12345678901234567890123456789012345678902")]
    public void IsRight_OtherNumberOrNone_IsWrong(string answer, string accepted) => Assert.False(NumericMatch.IsRight(answer, [accepted]));

    [Fact]
    public void IsRight_EndlessDigits_IsWrong() => Assert.False(NumericMatch.IsRight(new string('1', 100_000), [new string('1', 100_000)]));
}
