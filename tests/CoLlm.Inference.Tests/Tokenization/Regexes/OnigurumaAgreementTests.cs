using System.Text;
using CoLlm.Inference.Tokenization.PreTokenization;
using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.Tests.Tokenization.Regexes;

/// <summary>Our matches are Oniguruma's, from every position of every text.</summary>
public sealed class OnigurumaAgreementTests
{
    private static readonly string[] Sets =
        ["a", "b", "[ab]", "[^a]", ".", @"\s", @"\S", @"\w", @"\d", @"\p{L}", @"\p{Lu}", @"[\p{L}&&[^x]]", @"\P{N}", "𐐀", "[^\n𐐀-𐐩]", "(?i:s)", "(?m:.)"];

    private static readonly string[] Anchors = ["^", "$", @"\A", @"\z", @"\Z", @"\b", @"\B"];

    private static readonly string[] Alphabet = ["a", "b", "x", "s", "ſ", "A", " ", "\n", "7", "𐐀", "é", "漢", ".", "\u0301"];

    public static TheoryData<string> Families => [.. KnownExpressions.All.Keys];

    [Theory]
    [MemberData(nameof(Families))]
    public void TryFind_PublishedExpressions_FindsWhatOnigurumaFinds(string family)
    {
        Assert.SkipUnless(Oniguruma.IsInstalled, "Debian's libonig5 is not installed.");
        foreach (string text in KnownExpressions.Texts)
            AssertSame(KnownExpressions.All[family], text);
    }

    [Fact]
    public void TryFind_RandomExpressions_FindsWhatOnigurumaFinds()
    {
        Assert.SkipUnless(Oniguruma.IsInstalled, "Debian's libonig5 is not installed.");
        var random = new Random(20260107);
        int compared = 0;
        for (int round = 0; round < 4000; round++)
        {
            string expression = Expression(random, 3);
            string text = string.Concat(Enumerable.Range(0, random.Next(16)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            compared += AssertSame(expression, text) ? 1 : 0;
        }

        Assert.InRange(compared, 2500, 4000);
    }

    /// <returns>False if either refuses the expression.</returns>
    private static bool AssertSame(string expression, string text)
    {
        RegexPattern ours;
        try
        {
            ours = RegexPattern.Parse(expression);
        }
        catch (RegexFault)
        {
            return false;
        }

        using Oniguruma? theirs = Oniguruma.Compile(expression);
        if (theirs is null)
            return false;
        List<(int, int, int)?> found = [];
        RegexMemory memory = ours.Remember(text.Length);
        for (int from = 0; from <= text.Length; from = from < text.Length ? RegexMatcher.Next(text, from) : from + 1)
            found.Add(ours.TryFind(text, from, memory, out int start, out int length) ? (from, start, length) : null);
        memory.Release();
        List<(int From, int Start, int Length)?> theirMatches = theirs.FindFromEverywhere(text);
        if (!IsConsistent(theirMatches))
            return false;
        string expected = string.Join(' ', theirMatches), actual = string.Join(' ', found);
        Assert.True(expected == actual, $"{expression} in {Escaped(text)}: {expected}, but ours {actual}");
        return true;
    }

    /// <summary>A match found from further ahead is found from where it begins: the library's own shortcuts break that at times.</summary>
    private static bool IsConsistent(List<(int From, int Start, int Length)?> matches) => matches.All(match =>
        match is not { } found
        || matches.Any(other => other is { } same && same.From == found.Start && (same.Start, same.Length) == (found.Start, found.Length)));

    private static string Expression(Random random, int depth)
    {
        string Inner() => Expression(random, depth - 1);
        return random.Next(depth == 0 ? 2 : 9) switch
        {
            0 or 1 => random.Next(12) == 0 ? Anchors[random.Next(Anchors.Length)] : Sets[random.Next(Sets.Length)],
            2 or 3 => Inner() + Inner(),
            4 => $"(?:{Inner()}|{Inner()})",
            5 or 6 => $"(?:{Inner()}){Quantifier(random)}",
            7 => $"(?{"=!>"[random.Next(3)]}{Inner()})",
            _ => $"(?<{"=!"[random.Next(2)]}{Sets[random.Next(Sets.Length)]}{(random.Next(2) == 0 ? "{1,2}" : string.Empty)}){Inner()}",
        };
    }

    private static string Quantifier(Random random) =>
        ((string[])["*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{1,3}", "{0,2}", "{2,}", "{1,2}?", "{,2}"])[random.Next(15)];

    private static string Escaped(string text)
    {
        var escaped = new StringBuilder();
        foreach (char character in text)
            escaped.Append(character is >= ' ' and <= '~' ? character.ToString() : $"\\u{(int)character:X4}");
        return escaped.ToString();
    }
}
