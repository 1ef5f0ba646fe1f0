using CoLlm.Inference.Tests.Tokenization.Regexes;
using CoLlm.Inference.Tokenization;
using CoLlm.Inference.Tokenization.PreTokenization;

namespace CoLlm.Inference.Tests.Tokenization;

/// <summary>The scanners written by hand and the expressions that they replace cut text into the same words.</summary>
public sealed class WordPatternTests
{
    private const string Characters = "ab'stLlREvemd12٣½ \u00a0\t\r\n\n  .,-_!—é漢ſ\u0301K😀𐐀";

    private static readonly Dictionary<string, (ITextPattern Scanner, string Expression)> Patterns = new()
    {
        ["GPT-2"] = (new Gpt2Pattern(), Gpt2Pattern.Expression),
        ["Llama 3"] = (new LineAwarePattern(3), LineAwarePattern.GroupsOfThree),
        ["Qwen"] = (new LineAwarePattern(1), LineAwarePattern.SingleNumbers),
    };

    public static TheoryData<string> Names => [.. Patterns.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Split_ScannerAndItsExpression_GiveTheSameWords(string name)
    {
        (ITextPattern scanner, string expression) = Patterns[name];
        RegexPattern engine = RegexPattern.Parse(expression);
        var random = new Random(20261122);
        string[] characters = [.. Characters.EnumerateRunes().Select(rune => rune.ToString())];
        IEnumerable<string> texts = Enumerable.Range(0, 2000)
            .Select(_ => string.Concat(Enumerable.Range(0, 1 + random.Next(30)).Select(_ => characters[random.Next(characters.Length)])));

        foreach (string text in KnownExpressions.Texts.Where(text => text.Length > 0).Concat(texts))
            Assert.Equal(Words(scanner, text), Words(engine, text));
    }

    private static List<string> Words(ITextPattern pattern, string text)
    {
        List<TextSegment> words = [];
        new SplitPreTokenizer(pattern, SplitBehavior.Isolated, invert: false).Split(TextSegment.Whole(text, opensText: true), words);
        return [.. words.Select(word => word.ToString())];
    }
}
