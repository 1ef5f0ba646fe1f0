using CoLlm.Inference.Tokenization.Decoding;
using CoLlm.Inference.Tokenization.PreTokenization;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Reads the <c>decoder</c> of a <c>tokenizer.json</c>.</summary>
internal sealed class DecoderSection
{
    private readonly List<(string Pattern, string Content)> _replacements = [];

    public DecodingRules Rules { get; private set; } = new(InvalidBytes.WholeRun, LeadingSpace.Kept);

    /// <summary>Pieces such as <c>&lt;0x0A&gt;</c> stand for bytes.</summary>
    public bool FallsBackToBytes { get; private set; }

    /// <summary>What a piece that is no byte stands for.</summary>
    public string Replaced(string piece)
    {
        foreach ((string pattern, string content) in _replacements)
            piece = piece.Replace(pattern, content, StringComparison.Ordinal);
        return piece;
    }

    public static DecoderSection Read(JsonPlace place)
    {
        if (place.IsNull)
            throw place.Refuse("is missing; without it text cannot be put together");
        JsonPlace[] steps = place.Get("type").AsString() == "Sequence" ? [.. place.Get("decoders").Items()] : [place];
        var section = new DecoderSection();
        int stage = 0;
        foreach (JsonPlace step in steps)
            section.ReadStep(step, steps.Length == 1, ref stage);
        return section;
    }

    /// <summary>Steps come in one order: replacements, bytes, fusing, stripping. Only then does each act on single tokens as it should.</summary>
    private void ReadStep(JsonPlace step, bool isOnly, ref int stage)
    {
        string type = step.Get("type").AsString();
        int place = type switch
        {
            "ByteLevel" or "Metaspace" when isOnly => 0,
            "Replace" => 1,
            "ByteFallback" => 2,
            "Fuse" => 3,
            "Strip" when stage == 3 => 4,
            _ => throw step.Get("type").Refuse(
                $"is {type}, which is not supported here; a decoder is ByteLevel, Metaspace or Replace, ByteFallback, Fuse, Strip in this order"),
        };
        if (place < stage)
            throw step.Refuse($"({type}) comes after a step that it must precede");
        stage = place;
        switch (type)
        {
            case "ByteLevel":
                Rules = new DecodingRules(InvalidBytes.MaximalParts, LeadingSpace.Kept);
                break;
            case "Metaspace":
                ReadMetaspace(step);
                break;
            case "Replace":
                ReadReplacement(step);
                break;
            case "ByteFallback":
                FallsBackToBytes = true;
                break;
            case "Strip":
                ReadStrip(step);
                break;
        }
    }

    private void ReadMetaspace(JsonPlace step)
    {
        _replacements.Add((step.Get("replacement").AsString() is { Length: 1 } mark ? mark : throw step.Refuse("has no single mark"), " "));
        if (PreTokenizerSection.ReadPrependScheme(step) != PrependScheme.Never)
            Rules = Rules with { LeadingSpace = LeadingSpace.AllDroppedFromFirstToken };
    }

    private void ReadReplacement(JsonPlace step)
    {
        JsonPlace pattern = step.Get("pattern").Get("String");
        if (pattern.AsString().Length == 0)
            throw pattern.Refuse("is empty");
        _replacements.Add((pattern.AsString(), step.Get("content").AsString()));
    }

    private void ReadStrip(JsonPlace step)
    {
        int start = step.Get("start").AsInteger(0, int.MaxValue);
        if (step.Get("content").AsString() != " " || start > 1 || step.Get("stop").AsInteger(0, int.MaxValue) != 0)
            throw step.Refuse("strips something other than one space at the start, which is not supported");
        if (start == 1)
            Rules = Rules with { LeadingSpace = LeadingSpace.OneDropped };
    }
}
