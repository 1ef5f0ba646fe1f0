namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Reads the <c>post_processor</c> of a <c>tokenizer.json</c>: the ids that go before and after a text.</summary>
internal static class PostProcessorSection
{
    public static (IReadOnlyList<int> Prefix, IReadOnlyList<int> Suffix) Read(JsonPlace place, int vocabularySize)
    {
        List<int> prefix = [];
        List<int> suffix = [];
        if (!place.IsNull)
            Read(place, vocabularySize, prefix, suffix);
        return (prefix, suffix);
    }

    private static void Read(JsonPlace place, int vocabularySize, List<int> prefix, List<int> suffix)
    {
        string type = place.Get("type").AsString();
        switch (type)
        {
            case "Sequence":
                foreach (JsonPlace item in place.Get("processors").Items())
                    Read(item, vocabularySize, prefix, suffix);
                break;
            case "ByteLevel":
                break;
            case "TemplateProcessing":
                ReadTemplate(place, vocabularySize, prefix, suffix);
                break;
            default:
                throw place.Get("type")
                    .Refuse($"is {type}; supported post-processors are Sequence, ByteLevel and TemplateProcessing");
        }
    }

    private static void ReadTemplate(JsonPlace place, int vocabularySize, List<int> prefix, List<int> suffix)
    {
        List<int> before = [];
        List<int> after = [];
        bool seesText = false;
        JsonPlace single = place.Get("single");
        foreach (JsonPlace item in single.Items())
        {
            JsonPlace special = item.Get("SpecialToken");
            if (special.IsNull)
            {
                if (seesText || item.Get("Sequence").Get("id").AsString() != "A")
                    throw single.Refuse("does not hold the text exactly once");
                seesText = true;
                continue;
            }

            JsonPlace ids = place.Get("special_tokens").Get(special.Get("id").AsString()).Get("ids");
            foreach (JsonPlace id in ids.Items())
                (seesText ? after : before).Add(id.AsInteger(0, vocabularySize - 1));
        }

        if (!seesText)
            throw single.Refuse("does not hold the text exactly once");
        prefix.InsertRange(0, before);
        suffix.AddRange(after);
    }
}
