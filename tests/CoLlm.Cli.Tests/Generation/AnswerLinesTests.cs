using CoLlm.Cli.Generation;
using CoLlm.Protocol.V1;
using Spectre.Console;

namespace CoLlm.Cli.Tests.Generation;

/// <summary>Nothing of an answer is lost, whatever it is shown on.</summary>
public sealed class AnswerLinesTests
{
    private static readonly TokenInk Base = new(Origin.Base, 0, false, false);
    private static readonly TokenInk First = TokenInk.OfExpert(0);
    private static readonly TokenInk Second = TokenInk.OfExpert(1);

    [Fact]
    public void Write_Rows_MarksAuthorsAndContestedUnderTheirCharacters()
    {
        string shown = Show(new AnswerLayout(AnswerMarks.Rows, Width: 40, Indent: 2), ("so 5^5 =", Base), (" 31", First), ("2", Second with { IsContested = true }), (".", Base));
        Assert.Equal("""
              so 5^5 = 312.
                      1112
                         ?

            """.ReplaceLineEndings("\n"), shown);
    }

    [Fact]
    public void Write_RowsOverSeveralLines_MarksEachLine()
    {
        string shown = Show(new AnswerLayout(AnswerMarks.Rows, Width: 9), ("one two", First), (" three four", Base), (" five", Second));
        Assert.Equal("one two \n1111111\nthree \nfour five\n    22222\n", shown);
    }

    [Fact]
    public void Write_FallbackAndComposed_HaveMarksOfTheirOwn()
    {
        string shown = Show(
            new AnswerLayout(AnswerMarks.Rows, 40), ("a", Base with { IsFallback = true }), ("b", new TokenInk(Origin.Composed, 0, false, false)), ("c", Base));
        Assert.Equal("abc\n!+\n", shown);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(20)]
    [InlineData(200)]
    public void Write_AnyWidth_BreaksBetweenWordsOnly(int width)
    {
        const string text = "Those who wander far from home are seldom heard of again, they say.";
        string shown = Show(new AnswerLayout(AnswerMarks.Rows, width), [.. text.Chunk(3).Select(piece => (new string(piece), Base))]);
        Assert.Equal(text, string.Join(' ', shown.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd())));
        Assert.All(shown.Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
    }

    [Fact]
    public void Write_WordLongerThanTheLine_IsBroken() =>
        Assert.Equal("a \nabcd\nefgh \nb\n", Show(new AnswerLayout(AnswerMarks.Rows, 4), ("a abc", Base), ("defgh b", Base)));

    [Fact]
    public void Write_TerminalCommandInText_IsNotPassedOn() =>
        Assert.Equal("\uFFFD[2Jx\ty\n", Show(new AnswerLayout(AnswerMarks.Rows, 40), ("\u001b[2Jx\ty", Base)));

    [Fact]
    public void Write_NoMarks_IsTheTextItself() =>
        Assert.Equal("a  b\n\u0007 c\n", Show(new AnswerLayout(AnswerMarks.None), ("a  b\n\u0007", First), (" c", Base with { IsContested = true })));

    [Fact]
    public void Write_ColorsWithWidth_KeepsTheColorOfEachPiece()
    {
        string shown = Show(new AnswerLayout(AnswerMarks.Colors, 40), ("It is ", Base), ("31", First), ("25", Second));
        Assert.Equal("It is \u001b[32m31\u001b[0m\u001b[96m25\u001b[0m\n", shown);
    }

    private static string Show(AnswerLayout layout, params (string Text, TokenInk Ink)[] pieces)
    {
        using var written = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(written),
            Ansi = layout.Marks == AnswerMarks.Colors ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = ColorSystemSupport.Standard,
        });
        console.Profile.Width = 1 << 16;
        var lines = new AnswerLines(console, layout);
        foreach ((string text, TokenInk ink) in pieces)
            lines.Write(text, ink);
        lines.End();
        return written.ToString().ReplaceLineEndings("\n");
    }
}
