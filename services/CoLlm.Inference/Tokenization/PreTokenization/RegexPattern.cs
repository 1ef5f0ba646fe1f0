using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>Any regular expression that a tokenizer file brings, in Oniguruma's syntax, in time linear in the text.</summary>
internal sealed class RegexPattern : ITextPattern
{
    private readonly RegexProgram _program;

    private RegexPattern(string expression, RegexProgram program) => (Signature, _program) = ($"regex({expression})", program);

    public string Signature { get; }

    /// <exception cref="RegexFault">It is malformed, not supported or past a bound.</exception>
    public static RegexPattern Parse(string expression) => new(expression, RegexCompiler.Compile(RegexParser.Parse(expression)));

    public RegexMemory Remember(int length) => RegexMemory.Rent(_program, length);

    public bool TryFind(ReadOnlySpan<char> text, int from, RegexMemory? memory, out int start, out int length)
    {
        var matcher = new RegexMatcher(_program, text, memory!);
        for (start = from; ; start = RegexMatcher.Next(text, start))
        {
            start = matcher.NextBeginning(start);
            length = matcher.Match(start) - start;
            if (length >= 0)
                return true;
            if (start >= text.Length)
                return false;
        }
    }
}
