using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Tests.Demo.Questions;

/// <summary>Wordings with slots.</summary>
public sealed class TemplateTests
{
    private static readonly Dictionary<string, string> Values = new() { ["a"] = "one", ["b"] = "{a}" };

    [Theory]
    [InlineData("no slot", "no slot")]
    [InlineData("{a}{a} and {b}.", "oneone and {a}.")]
    [InlineData("", "")]
    public void Fill_AllValuesGiven_PutsEachOnce(string source, string expected) => Assert.Equal(expected, new Template(source).Fill(Values));

    [Theory]
    [InlineData("{a")]
    [InlineData("x {} y")]
    public void Constructor_BrokenSlot_IsRefused(string source) => Assert.Throws<TrainingException>(() => new Template(source));

    [Fact]
    public void Fill_MissingValue_NamesTheSlot() => Assert.Contains("'c'", Assert.Throws<TrainingException>(() => new Template("{c}").Fill(Values)).Message);

    [Fact]
    public void FillUntil_Slot_EndsBeforeItsSpace()
    {
        Assert.Equal("It is", new Template("It is {x}. So {x}!").FillUntil("x", Values));
        Assert.Throws<TrainingException>(() => new Template("It is {a}.").FillUntil("x", Values));
    }
}
