using CoLlm.Evaluation.Metrics;

namespace CoLlm.Evaluation.Tests.Metrics;

/// <summary>Texts are equal apart from case, white space and marks at the ends.</summary>
public sealed class ExactMatchTests
{
    [Theory]
    [InlineData(" To treat  high\nblood pressure. ", "to treat high blood pressure")]
    [InlineData("\"Thailand\"", "Thailand")]
    [InlineData("In 1938!", "in 1938")]
    public void IsRight_SameWords_IsRight(string answer, string accepted) => Assert.True(ExactMatch.IsRight(answer, ["something else", accepted]));

    [Theory]
    [InlineData("", "")]
    [InlineData(".", "")]
    [InlineData(" \n", " ")]
    [InlineData("\"\"", ".")]
    [InlineData("in 1939", "in 1938")]
    [InlineData("not in Thailand", "in Thailand")]
    [InlineData("in Thailand and Laos", "in Thailand")]
    [InlineData("Thai land", "Thailand")]
    public void IsRight_EmptyOrOther_IsWrong(string answer, string accepted) => Assert.False(ExactMatch.IsRight(answer, [accepted]));
}
