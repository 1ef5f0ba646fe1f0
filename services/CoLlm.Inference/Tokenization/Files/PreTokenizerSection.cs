using CoLlm.Inference.Tokenization.PreTokenization;
using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Reads the <c>pre_tokenizer</c> of a <c>tokenizer.json</c>.</summary>
internal static class PreTokenizerSection
{
    private const string Punctuation = @"[\p{P}$+<=>\^`|~]";

    /// <returns>The steps, and whether words are then mapped to stand-ins of their bytes.</returns>
    public static (IReadOnlyList<IPreTokenizer> Steps, bool MapsBytes) Read(JsonPlace place)
    {
        List<IPreTokenizer> steps = [];
        bool mapsBytes = false;
        if (!place.IsNull)
            Read(place, steps, ref mapsBytes);
        return (steps, mapsBytes);
    }

    private static void Read(JsonPlace place, List<IPreTokenizer> steps, ref bool mapsBytes)
    {
        if (mapsBytes)
        {
            steps.Add(new ByteMappingPreTokenizer());
            mapsBytes = false;
        }

        string type = place.Get("type").AsString();
        switch (type)
        {
            case "Sequence":
                foreach (JsonPlace item in place.Get("pretokenizers").Items())
                    Read(item, steps, ref mapsBytes);
                break;
            case "ByteLevel":
                mapsBytes = true;
                if (place.Get("add_prefix_space").AsBoolean(true))
                    steps.Add(new PrefixSpacePreTokenizer());
                if (place.Get("use_regex").AsBoolean(true))
                    steps.Add(new SplitPreTokenizer(new Gpt2Pattern(), SplitBehavior.Isolated, invert: false));
                break;
            case "Split":
                steps.Add(ReadSplit(place));
                break;
            case "Digits":
                var digits = new DigitPattern(place.Get("individual_digits").AsBoolean(false));
                steps.Add(new SplitPreTokenizer(digits, SplitBehavior.Isolated, invert: false));
                break;
            case "Punctuation":
                steps.Add(new SplitPreTokenizer(RegexPattern.Parse(Punctuation), ReadBehavior(place, SplitBehavior.Isolated), invert: false));
                break;
            case "Metaspace":
                steps.Add(ReadMetaspace(place));
                break;
            default:
                throw place.Get("type")
                    .Refuse($"is {type}; supported pre-tokenizers are Sequence, ByteLevel, Split, Digits, Punctuation and Metaspace");
        }
    }

    private static SplitPreTokenizer ReadSplit(JsonPlace place) =>
        new(ReadPattern(place.Get("pattern")), ReadBehavior(place, otherwise: null), place.Get("invert").AsBoolean(false));

    private static SplitBehavior ReadBehavior(JsonPlace place, SplitBehavior? otherwise)
    {
        JsonPlace name = place.Get("behavior");
        if (name.IsNull && otherwise is { } behavior)
            return behavior;
        return name.AsString() switch
        {
            "Removed" => SplitBehavior.Removed,
            "Isolated" => SplitBehavior.Isolated,
            "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
            "MergedWithNext" => SplitBehavior.MergedWithNext,
            "Contiguous" => SplitBehavior.Contiguous,
            string other => throw name.Refuse($"is {other}, which is no known behaviour"),
        };
    }

    private static ITextPattern ReadPattern(JsonPlace place)
    {
        JsonPlace literal = place.Get("String");
        if (!literal.IsNull)
            return literal.AsString() is { Length: > 0 } text ? new LiteralPattern(text) : throw literal.Refuse("is empty");
        JsonPlace expression = place.Get("Regex");
        return expression.AsString() switch
        {
            Gpt2Pattern.Expression => new Gpt2Pattern(),
            LineAwarePattern.GroupsOfThree => new LineAwarePattern(3),
            LineAwarePattern.SingleNumbers => new LineAwarePattern(1),
            string other => ReadExpression(other, expression),
        };
    }

    private static RegexPattern ReadExpression(string expression, JsonPlace place)
    {
        try
        {
            return RegexPattern.Parse(expression);
        }
        catch (RegexFault fault)
        {
            throw place.Refuse(fault.Message);
        }
    }

    internal static MetaspacePreTokenizer ReadMetaspace(JsonPlace place)
    {
        JsonPlace mark = place.Get("replacement");
        string text = mark.AsString();
        if (text.Length != 1)
            throw mark.Refuse("is not a single character of the basic plane");
        return new MetaspacePreTokenizer(text[0], ReadPrependScheme(place), place.Get("split").AsBoolean(true));
    }

    internal static PrependScheme ReadPrependScheme(JsonPlace place)
    {
        JsonPlace scheme = place.Get("prepend_scheme");
        if (scheme.IsNull)
            return place.Get("add_prefix_space").AsBoolean(true) ? PrependScheme.Always : PrependScheme.Never;
        return scheme.AsString() switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            string other => throw scheme.Refuse($"is {other}; it may be always, first or never"),
        };
    }
}
