using System.Globalization;

namespace CoLlm.Inference.Tokenization.Regexes;

/// <summary>
/// The sets that expressions name, as Oniguruma defines them, over the categories of the runtime's Unicode tables (which do not
/// depend on the machine).
/// </summary>
internal static class NamedSets
{
    private static readonly string[] Abbreviations =
    [
        "lu", "ll", "lt", "lm", "lo", "mn", "mc", "me", "nd", "nl", "no", "zs", "zl", "zp", "cc",
        "cf", "cs", "co", "pc", "pd", "ps", "pe", "pi", "pf", "po", "sm", "sc", "sk", "so", "cn",
    ];

    private static readonly Dictionary<string, string> Categories =
        ("letter=l mark=m combiningmark=m number=n punctuation=p symbol=s separator=z other=c uppercaseletter=lu lowercaseletter=ll " +
         "titlecaseletter=lt modifierletter=lm otherletter=lo nonspacingmark=mn spacingmark=mc enclosingmark=me decimalnumber=nd " +
         "letternumber=nl othernumber=no connectorpunctuation=pc dashpunctuation=pd openpunctuation=ps closepunctuation=pe " +
         "initialpunctuation=pi finalpunctuation=pf otherpunctuation=po mathsymbol=sm currencysymbol=sc modifiersymbol=sk " +
         "othersymbol=so spaceseparator=zs lineseparator=zl paragraphseparator=zp control=cc format=cf surrogate=cs privateuse=co " +
         "unassigned=cn").Split(' ').ToDictionary(pair => pair[..pair.IndexOf('=')], pair => pair[(pair.IndexOf('=') + 1)..]);

    private static readonly Lazy<CodePointSet[]> ByCategory = new(ReadCategories);

    /// <summary><c>\d</c></summary>
    public static CodePointSet DecimalDigits => Union("nd");

    /// <summary><c>\s</c>: Unicode's White_Space.</summary>
    public static CodePointSet Spaces { get; } =
        Union("z").Union(CodePointSet.Range('\t', '\r')).Union(CodePointSet.Of(0x85));

    /// <summary><c>\w</c>; also circled letters, and in Latin-1 the superscript digits and fractions.</summary>
    public static CodePointSet Words { get; } = Union("l", "m", "nd", "nl", "pc").Union(CodePointSet.FromBounds(
        [0xB2, 0xB4, 0xB9, 0xBA, 0xBC, 0xBF, 0x24B6, 0x24EA, 0x1F130, 0x1F14A, 0x1F150, 0x1F16A, 0x1F170, 0x1F18A]));

    /// <summary><c>\h</c></summary>
    public static CodePointSet HexadecimalDigits { get; } = CodePointSet.OfRunes("0123456789abcdefABCDEF");

    /// <summary>What the dot matches.</summary>
    public static CodePointSet NoLineFeed { get; } = CodePointSet.Of('\n').Negated();

    /// <summary>The single characters of <c>\R</c>.</summary>
    public static CodePointSet LineEnds { get; } = CodePointSet.Range('\n', '\r').Union(CodePointSet.OfRunes("\u0085\u2028\u2029"));

    /// <summary>The set that <c>\p{name}</c> means: a category, a script or a class of POSIX; null when the name is not known.</summary>
    public static CodePointSet? Property(string name)
    {
        string plain = new([.. name.Where(character => character is not (' ' or '-' or '_')).Select(char.ToLowerInvariant)]);
        string category = Categories.GetValueOrDefault(plain, plain);
        if (category is "lc" or "casedletter")
            return Union("lu", "ll", "lt");
        if (category is "any")
            return CodePointSet.All;
        bool isCategory = category.Length == 2 ? Abbreviations.Contains(category) : category.Length == 1 && "lmnpszc".Contains(category[0]);
        return isCategory ? Union(category) : ScriptRanges.Find(plain) ?? Posix(plain);
    }

    /// <summary>The set that <c>[:name:]</c> means; null when the name is not known.</summary>
    public static CodePointSet? Posix(string name) => name switch
    {
        "digit" => DecimalDigits,
        "space" => Spaces,
        "word" => Words,
        "xdigit" => HexadecimalDigits,
        "punct" => Union("p"),
        "cntrl" => Union("cc"),
        "blank" => Union("zs").Union(CodePointSet.Of('\t')),
        "graph" => Union("z", "cc", "cn", "cs").Negated(),
        "print" => Union("zl", "zp", "cc", "cn", "cs").Negated(),
        "ascii" => CodePointSet.Range(0, 0x7F),
        _ => null,
    };

    private static CodePointSet Union(params ReadOnlySpan<string> categories)
    {
        CodePointSet union = CodePointSet.Empty;
        for (int index = 0; index < Abbreviations.Length; index++)
        {
            foreach (string category in categories)
            {
                if (Abbreviations[index].StartsWith(category, StringComparison.Ordinal))
                    union = union.Union(ByCategory.Value[index]);
            }
        }

        return union;
    }

    private static CodePointSet[] ReadCategories()
    {
        List<int>[] bounds = [.. Abbreviations.Select(_ => new List<int>())];
        int previous = -1;
        for (int codePoint = 0; codePoint < CodePointSet.End; codePoint++)
        {
            int category = (int)CharUnicodeInfo.GetUnicodeCategory(codePoint);
            if (category == previous)
                continue;
            if (previous >= 0)
                bounds[previous].Add(codePoint);
            bounds[category].Add(codePoint);
            previous = category;
        }

        bounds[previous].Add(CodePointSet.End);
        return [.. bounds.Select(CodePointSet.FromBounds)];
    }
}
