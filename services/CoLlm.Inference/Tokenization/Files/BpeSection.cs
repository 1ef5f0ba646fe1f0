using System.Text.Json;
using CoLlm.Inference.Tokenization.Bpe;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Reads the <c>model</c> of a <c>tokenizer.json</c>, which must be BPE.</summary>
internal static class BpeSection
{
    public static BpeModel Read(JsonPlace model)
    {
        if (model.IsNull)
            throw model.Refuse("is missing");
        string type = model.Get("type").AsOptionalString() ?? "BPE";
        if (type != "BPE")
            throw model.Get("type").Refuse($"is {type}; only BPE is supported");
        RefuseUnsupported(model);

        Dictionary<string, int> pieces = ReadPieces(model.Get("vocab"));
        MergeTable merges = ReadMerges(model.Get("merges"), pieces);
        return new BpeModel(pieces, merges, new BpeOptions
        {
            TakesWholeWords = model.Get("ignore_merges").AsBoolean(false),
            ByteIds = model.Get("byte_fallback").AsBoolean(false) ? ByteIds(pieces) : null,
            UnknownId = ReadUnknown(model.Get("unk_token"), pieces),
            FusesUnknown = model.Get("fuse_unk").AsBoolean(false),
        });
    }

    private static void RefuseUnsupported(JsonPlace model)
    {
        JsonPlace dropout = model.Get("dropout");
        if (!dropout.IsNull && (!dropout.Element.TryGetDoubleOrZero(out double rate) || rate != 0))
            throw dropout.Refuse("is set; merging at random is not supported");
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (!string.IsNullOrEmpty(model.Get(affix).AsOptionalString()))
                throw model.Get(affix).Refuse("is set; marks on word parts are not supported");
        }
    }

    private static bool TryGetDoubleOrZero(this JsonElement element, out double value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out value);
    }

    private static Dictionary<string, int> ReadPieces(JsonPlace vocabulary)
    {
        var pieces = new Dictionary<string, int>(StringComparer.Ordinal);
        var pieceOf = new Dictionary<int, string>();
        foreach ((string piece, JsonPlace value) in vocabulary.Members())
        {
            int id = value.AsInteger(0, TokenizerFile.MaxVocabularySize - 1);
            if (!pieceOf.TryAdd(id, piece) && pieceOf[id] != piece)
                throw value.Refuse($"has id {id}, which \"{pieceOf[id]}\" has already");
            pieces[piece] = id;
        }

        return pieces;
    }

    private static MergeTable ReadMerges(JsonPlace list, Dictionary<string, int> pieces)
    {
        var merges = new MergeTable(list.IsArray ? list.Element.GetArrayLength() : 0);
        int rank = 0;
        foreach (JsonPlace item in list.Items())
        {
            (string left, string right) = ReadPair(item);
            if (!pieces.TryGetValue(left, out int leftId) || !pieces.TryGetValue(right, out int rightId))
                throw item.Refuse($"merges \"{left}\" and \"{right}\", which are not both in the vocabulary");
            if (!pieces.TryGetValue(left + right, out int result))
                throw item.Refuse($"makes \"{left}{right}\", which is not in the vocabulary");
            merges.Set(leftId, rightId, new Merge(rank++, result));
        }

        return merges;
    }

    /// <summary>A merge is written as <c>"a b"</c> or as <c>["a", "b"]</c>.</summary>
    private static (string Left, string Right) ReadPair(JsonPlace item)
    {
        if (item.IsString)
        {
            string text = item.AsString();
            int space = text.IndexOf(' ', StringComparison.Ordinal);
            if (space >= 0 && text.IndexOf(' ', space + 1) < 0)
                return (text[..space], text[(space + 1)..]);
        }
        else if (item.IsArray && item.Items().ToArray() is [var left, var right])
        {
            return (left.AsString(), right.AsString());
        }

        throw item.Refuse("is not a pair of pieces");
    }

    private static int ReadUnknown(JsonPlace place, Dictionary<string, int> pieces)
    {
        if (place.AsOptionalString() is not { } token)
            return -1;
        return pieces.TryGetValue(token, out int id) ? id : throw place.Refuse($"is \"{token}\", which is not in the vocabulary");
    }

    private static int[]? ByteIds(Dictionary<string, int> pieces)
    {
        var ids = new int[256];
        for (int value = 0; value < 256; value++)
            ids[value] = pieces.GetValueOrDefault($"<0x{value:X2}>", -1);
        return ids.Any(id => id >= 0) ? ids : null;
    }
}
