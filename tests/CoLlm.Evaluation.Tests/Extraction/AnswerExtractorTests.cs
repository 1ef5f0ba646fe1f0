using CoLlm.Evaluation.Extraction;

namespace CoLlm.Evaluation.Tests.Extraction;

/// <summary>Which span of an answer is compared.</summary>
public sealed class AnswerExtractorTests
{
    [Theory]
    [InlineData("He has 5 apples and 3 pears, so 8.", "8")]
    [InlineData("It costs $1,250.50.", "$1,250.50")]
    [InlineData("#### -12", "-12")]
    [InlineData("#### 18\nThat was 3 steps.", "18")]
    [InlineData("The answer is 42. It took 10 minutes.", "42")]
    [InlineData("the final answer: -7", "-7")]
    [InlineData("16 - 3", "3")]
    [InlineData("16-3", "3")]
    [InlineData("x = -3", "-3")]
    [InlineData("x = - 3", "-3")]
    [InlineData("x is \u22123.", "-3")]
    [InlineData("(2)-3", "3")]
    [InlineData("The range 5-9", "9")]
    [InlineData("0.75", "0.75")]
    [InlineData("about .75", ".75")]
    [InlineData("1,2", "2")]
    [InlineData("The answer is unknown, perhaps 4", "4")]
    [InlineData("no number", "")]
    [InlineData("", "")]
    public void Extract_LastNumber_HasItsSignAndDecimals(string answer, string span) => Assert.Equal(span, AnswerExtractor.Extract("last_number", answer));

    [Theory]
    [InlineData(@"so \boxed{5}", "5")]
    [InlineData(@"\boxed{1} then \boxed{\frac{1}{2}}.", @"\frac{1}{2}")]
    [InlineData(@"\fbox{x^{2}}", "x^{2}")]
    [InlineData(@"\boxed 7$", "7")]
    [InlineData(@"\boxed{\{1,2\}}", @"\{1,2\}")]
    [InlineData(@"\boxed{5", "")]
    [InlineData(@"\boxed", "")]
    [InlineData(@"\boxed{}", "")]
    [InlineData("5", "")]
    public void Extract_Boxed_TakesTheLastClosedBox(string answer, string span) => Assert.Equal(span, AnswerExtractor.Extract("boxed", answer));

    [Theory]
    [InlineData("Yes, it is.", "yes")]
    [InlineData("I think NO.", "no")]
    [InlineData("Not known, nobody says", "")]
    public void Extract_YesNo_TakesTheFirstWholeWord(string answer, string span) => Assert.Equal(span, AnswerExtractor.Extract("yes_no", answer));

    [Fact]
    public void Extract_Pattern_TakesItsFirstGroup()
    {
        Assert.Equal("3125", AnswerExtractor.Extract(".*= ?(-?[0-9]+)", "3 + 2 = 5. With a = 5 this is 5^5 = 3125."));
        Assert.Equal("", AnswerExtractor.Extract("contains (.+?)\\.", "I do not know."));
    }

    [Fact]
    public void Extract_PatternWithoutEnd_GivesUp() => Assert.Equal("", AnswerExtractor.Extract("^((a+)+)+$", new string('a', 40) + "b"));

    [Theory]
    [InlineData("(", "no regular expression")]
    [InlineData("abc", "without a group")]
    public void FindProblem_BrokenRule_IsNamed(string rule, string problem) => Assert.Contains(problem, AnswerExtractor.FindProblem(rule));
}
