namespace CoLlm.Inference.Tests.Tokenization.Regexes;

/// <summary>Expressions as published tokenizers use them, and texts that are hard for them.</summary>
internal static class KnownExpressions
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Tail = @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>By family.</summary>
    public static readonly Dictionary<string, string> All = new()
    {
        ["GPT-2"] = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        ["Llama 3"] = Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
        ["possessive"] = @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
        ["GPT-4o"] = $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{Contractions}?|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{Contractions}?|\p{{N}}{{1,3}}{Tail}",
        ["Tekken"] = $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*|\p{{N}}{Tail}",
        ["Kimi"] = $@"[\p{{Han}}]+|[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}&&[^\p{{Han}}]]*[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}&&[^\p{{Han}}]]+{Contractions}?|[^\r\n\p{{L}}\p{{N}}]?[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}&&[^\p{{Han}}]]+|\p{{N}}{{1,3}}{Tail}",
        ["DeepSeek V3"] = """[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^""" + "\r\n" + """\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[""" + "\r\n" + @"]*|\s*[" + "\r\n" + @"]+|\s+(?!\S)|\s+",
        ["DeepSeek V3, East Asian"] = "[一-龥\u3040-ゟ゠-ヿ]+",
        ["DeepSeek LLM, letters"] = @"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕℂℇℊ-ℓꙀ-ꙭ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
        ["DeepSeek LLM, marks"] = @"\s?[!-/:-~！-／：-～‘-‟\u3000-。]+",
        ["DeepSeek LLM, end"] = @"\s+$",
        ["DeepSeek LLM, East Asian"] = "[一-龥ࠀ-一가-\uD7FF]+",
        ["BLOOM"] = " ?[^(\\s|[.,!?…。，、।۔،])]+",
        ["Falcon"] = "[0-9][0-9][0-9]",
        ["groups from the right"] = @"(?=(\d{3})+(?!\d))",
        ["camel case"] = @"(?<=\p{Ll})(?=\p{Lu})|(?<!\w)_+|\b",
        ["words"] = @"\w+|[^\w\s]+",
    };

    /// <summary>Several scripts, characters beyond the basic plane, line ends, spaces of all kinds and long runs.</summary>
    public static readonly string[] Texts =
    [
        "Hello world, it's 12345 o'clock!  We'll\r\n\r\n  see\tTABS   \n",
        "naïve café — “quotes” … Straße, ﬀ ﬁ, I'LL, İstanbul ıſK 'ſ 'S",
        "今天天气很好，我们去公园吧。ひらがなカタカナ漢字 한국어 텍스트",
        "𐐀𐐁𐐨𐐩 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚𝟛 👩‍👩‍👧 🇩🇪 𠀋𠂉 a𝒳b",
        "مرحبا بالعالم، ١٢٣ हिन्दी १२३ ไทย ๑๒๓ עברית",
        "e\u0301a\u0308o\u0302 \u0301x ½¾²³ Ⅷ ⑤ Ⓐ _under_score camelCaseWord XMLHttpRequest",
        "   leading\u00A0nbsp\u2003em\u3000ideographic \u200B zero\u2028line\u2029para\u0085nel",
        "if (x == 10) {\n\treturn a[i]/**/+\"\\n\";\n}\n// end///\r\n",
        "1234567890 12 123 1,234,567.89 0x1F 3.14e-10",
        "\n\n\n   \n \r\r\n", " ", "a", "'", "'s's'S'LL'll'", "", "\u0301", "ABCdefGHIjkl'reXYZ's",
        new string(' ', 40) + "x" + new string(' ', 40), new string('\n', 30), new string('a', 60), new string('7', 50), new string('!', 50) + "\n\n/",
    ];
}
