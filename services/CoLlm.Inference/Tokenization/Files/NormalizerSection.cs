using CoLlm.Inference.Tokenization.Normalization;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Reads the <c>normalizer</c> of a <c>tokenizer.json</c>.</summary>
internal static class NormalizerSection
{
    public static ITextNormalizer? Read(JsonPlace place)
    {
        if (place.IsNull)
            return null;
        string type = place.Get("type").AsString();
        switch (type)
        {
            case "Sequence":
                ITextNormalizer[] all = [.. place.Get("normalizers").Items().Select(Read).OfType<ITextNormalizer>()];
                return all.Length == 0 ? null : new NormalizerSequence(all);
            case "NFC":
                return new NfcNormalizer();
            case "Prepend":
                return new PrependNormalizer(place.Get("prepend").AsString());
            case "Strip":
                return new StripNormalizer(place.Get("strip_left").AsBoolean(true), place.Get("strip_right").AsBoolean(true));
            case "Replace" when place.Get("pattern") is { IsObject: true } pattern && pattern.Get("String") is { IsNull: false } literal:
                string text = literal.AsString();
                return text.Length > 0
                    ? new ReplaceNormalizer(text, place.Get("content").AsString())
                    : throw literal.Refuse("is empty");
            case "Replace":
                throw place.Get("pattern").Refuse("is not a fixed string; replacing by a regular expression is not supported");
            default:
                throw place.Get("type").Refuse($"is {type}; supported normalizers are Sequence, NFC, Prepend, Replace and Strip");
        }
    }
}
