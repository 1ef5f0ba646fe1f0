using CoLlm.Evaluation.Metrics;

namespace CoLlm.Evaluation.Tests.Metrics;

/// <summary>Expressions are equal as far as spelling goes.</summary>
public sealed class MathematicsMatchTests
{
    [Theory]
    [InlineData(@"\dfrac{1}{2}", @"\frac{1}{2}")]
    [InlineData(@"\frac12", @"\frac{1}{2}")]
    [InlineData("1/2", @"\frac{1}{2}")]
    [InlineData("-3/4", @"-\frac{3}{4}")]
    [InlineData(@"\left( 3, \frac{\pi}{2} \right)", @"(3,\frac{\pi}{2})")]
    [InlineData(@"10\text{ cm}", "10")]
    [InlineData(@"45^\circ", "45")]
    [InlineData(@"\$18.90", "18.9")]
    [InlineData("10,000", "10000")]
    [InlineData(@"\text{Monday}", "Monday")]
    [InlineData(@"2\sqrt3", @"2\sqrt{3}")]
    [InlineData(".5", "0.5")]
    public void IsRight_OtherSpelling_IsRight(string answer, string accepted) => Assert.True(MathematicsMatch.IsRight(answer, [accepted]));

    [Theory]
    [InlineData("", "")]
    [InlineData("$", "$")]
    [InlineData("-5", "5")]
    [InlineData("x+1", "x-1")]
    [InlineData(@"\frac{1}{2}", @"\frac{2}{1}")]
    [InlineData("(1,2)", "(2,1)")]
    [InlineData("12", "1.2")]
    [InlineData("[1,2)", "(1,2)")]
    [InlineData("A", "a")]
    public void IsRight_OtherExpressionOrNone_IsWrong(string answer, string accepted) => Assert.False(MathematicsMatch.IsRight(answer, [accepted]));
}
