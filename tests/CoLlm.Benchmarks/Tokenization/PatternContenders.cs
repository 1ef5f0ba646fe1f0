using CoLlm.Benchmarks.Rounds;
using CoLlm.Inference.Tokenization;
using CoLlm.Inference.Tokenization.PreTokenization;

namespace CoLlm.Benchmarks.Tokenization;

/// <summary>Pre-tokenizer patterns of published tokenizers: those with a scanner written by hand, and others.</summary>
internal static class PatternContenders
{
    private const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";

    /// <summary>A scanner and the expression that gives the same words.</summary>
    public static IReadOnlyList<(string Name, ITextPattern Scanner, string Expression)> Scanned { get; } =
    [
        ("GPT-2", new Gpt2Pattern(), Gpt2Pattern.Expression),
        ("Llama 3", new LineAwarePattern(3), LineAwarePattern.GroupsOfThree),
        ("Qwen", new LineAwarePattern(1), LineAwarePattern.SingleNumbers),
    ];

    /// <summary>Expressions that only the engine knows.</summary>
    public static IReadOnlyList<(string Name, string Expression)> Others { get; } =
    [
        ("GPT-4", @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"),
        ("GPT-4o", $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{Contractions}?|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{Contractions}?|\p{{N}}{{1,3}}{Rest}"),
        ("DeepSeek V3", """[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""),
    ];

    /// <summary>Cuts the whole text by one pattern.</summary>
    public static Contender Of(string name, ITextPattern pattern, string text)
    {
        var split = new SplitPreTokenizer(pattern, SplitBehavior.Isolated, invert: false);
        List<TextSegment> words = [];
        return Contender.Timed(name, () =>
        {
            words.Clear();
            split.Split(TextSegment.Whole(text, opensText: true), words);
        });
    }
}
