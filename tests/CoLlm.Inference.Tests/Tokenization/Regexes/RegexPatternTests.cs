using CoLlm.Inference.Tokenization;
using CoLlm.Inference.Tokenization.PreTokenization;
using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.Tests.Tokenization.Regexes;

public sealed class RegexPatternTests
{
    [Theory]
    [InlineData("(a", "a ( without its ) at character 3")]
    [InlineData("a)", "a ) without its ( at character 2")]
    [InlineData("[a", "[ without its ] at character 3")]
    [InlineData("[z-a]", "a range whose end lies before its start")]
    [InlineData("*a", "* with nothing to repeat before it at character 2")]
    [InlineData("a{3,2}", "an interval whose end lies before its start")]
    [InlineData("a{99999999999}", "a number that is too large")]
    [InlineData(@"\p{Klingon}", @"the property \p{Klingon}, which is not known here at character 12")]
    [InlineData(@"(a)\1", @"the escape \1, which is not supported")]
    [InlineData(@"\X", @"the escape \X, which is not supported")]
    [InlineData("(?<n>a", "a ( without its )")]
    [InlineData("(?x: a)", "a kind of group that is not supported")]
    [InlineData("(?i:漢)", "a character outside ASCII where case is ignored, which is not supported,")]
    [InlineData("(?i:first)", "letters that form a ligature where case is ignored")]
    [InlineData(@"(?i:\p{Lu})", "letters outside ASCII whose case is to be ignored")]
    [InlineData("(a*)*", "repeats what may match nothing")]
    [InlineData("(?<=a++)b", "forbids going back inside what looks behind")]
    [InlineData("a{1,600}", "has more choices and repetitions than the bound of 512")]
    [InlineData("(a{1000}){1000}", "becomes longer than the bound of 16384 instructions")]
    [InlineData("((){1000}){1000}", "repeats what may match nothing")]
    [InlineData(@"\x{D800}", "an escape that is no code point")]
    public void Parse_MalformedOrUnsupported_SaysWhatAndWhere(string expression, string expected) =>
        Assert.Contains(expected, Assert.Throws<RegexFault>(() => RegexPattern.Parse(expression)).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_DeepNesting_IsRefusedAtItsBound() =>
        Assert.Contains("deeper than the bound of 100", Assert.Throws<RegexFault>(
            () => RegexPattern.Parse(new string('(', 50_000))).Message, StringComparison.Ordinal);

    /// <summary>Expressions that a backtracking engine takes quadratic, cubic or exponential time for.</summary>
    public static TheoryData<string, string> Hostile => new()
    {
        { "(a+)+b", "a" },
        { "(a|aa)+b|a", "a" },
        { @"\s+$", " " },
        { "a++b|a", "a" },
        { "(?>a+)b|a", "a" },
        { "a*+b|a", "a" },
        { "(?:a++|b){1,2}c|a", "a" },
        { "(?=a+b)a|a", "a" },
        { "(?=(a+a+)+)a", "a" },
        { "(?!a*b)a", "a" },
        { "(?<=ba*)a|a", "a" },
        { "a*?a*?b|a", "a" },
        { "(?>a*a*b|a)", "a" },
        { @"(?=(\d{3})+(?!\d))", "7" },
        { @"\s++$|\s*[\r\n]|\s+(?!\S)|\s", " " },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void TryFind_HostileText_TakesTimeInProportionToTheText(string expression, string unit)
    {
        const int Length = 20_000;
        string text = string.Concat(Enumerable.Repeat(unit, Length)) + "x";
        RegexProgram program = RegexCompiler.Compile(RegexParser.Parse(expression));
        RegexPattern pattern = RegexPattern.Parse(expression);
        RegexMemory memory = pattern.Remember(text.Length);
        for (int position = 0; position < text.Length && pattern.TryFind(text, position, memory, out int start, out int length);)
            position = start + Math.Max(length, 1);

        // Each place is worked out once for each choice, and come to from at most a few others.
        Assert.InRange(memory.Choices, 0, 4L * (program.SplitCount + 1) * (text.Length + 1));
        memory.Release();
    }

    [Fact]
    public void Split_HalvesOfPairs_AreNeverCut()
    {
        var split = new SplitPreTokenizer(RegexPattern.Parse("[^a]"), SplitBehavior.Isolated, invert: false);
        List<TextSegment> words = [];

        split.Split(TextSegment.Whole("𐐀a😀", opensText: true), words);

        Assert.Equal(["𐐀", "a", "😀"], words.Select(word => word.ToString()));
    }

    [Fact]
    public void TryFind_CommentBeforeAQuantifier_RepeatsWhatStandsBeforeTheComment()
    {
        RegexPattern pattern = RegexPattern.Parse("(?#first)a(?#second)(?#third)+b");
        RegexMemory memory = pattern.Remember(4);

        Assert.True(pattern.TryFind("xaab", 0, memory, out int start, out int length));
        Assert.Equal((1, 3), (start, length));
        memory.Release();
    }

    [Fact]
    public void Signature_DifferentExpressions_AreDifferent() =>
        Assert.NotEqual(RegexPattern.Parse("a|b").Signature, RegexPattern.Parse("b|a").Signature);
}
