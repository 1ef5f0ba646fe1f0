using System.Text.Json;
using Google.Protobuf;

namespace CoLlm.Expert.Tests.OpenAi.LlamaCpp;

/// <summary>A tokenizer's tokens as GGUF lists them: SentencePiece with scores, or byte-level pairs with merges.</summary>
internal sealed class GgufTokens
{
    private const int Normal = 1, Control = 3;

    public List<string> Texts { get; } = [];

    /// <summary>Empty for byte-level pairs.</summary>
    public List<float> Scores { get; } = [];

    /// <summary>1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.</summary>
    public List<int> Kinds { get; } = [];

    /// <summary>Empty for SentencePiece.</summary>
    public List<string> Merges { get; } = [];

    /// <summary>Reads <c>tokenizer.json</c> (byte-level pairs, words cut as Qwen2 does), else <c>tokenizer.model</c>.</summary>
    public static GgufTokens Read(string directory)
    {
        GgufTokens tokens = new();
        string json = Path.Combine(directory, "tokenizer.json");
        if (File.Exists(json))
            tokens.ReadBytePairs(File.ReadAllBytes(json));
        else
            tokens.ReadSentencePieces(File.ReadAllBytes(Path.Combine(directory, "tokenizer.model")));
        return tokens;
    }

    private void ReadBytePairs(byte[] file)
    {
        using JsonDocument document = JsonDocument.Parse(file);
        JsonElement model = document.RootElement.GetProperty("model");
        JsonElement added = document.RootElement.GetProperty("added_tokens");
        Dictionary<int, (string Text, int Kind)> byId = [];
        foreach (JsonProperty piece in model.GetProperty("vocab").EnumerateObject())
            byId[piece.Value.GetInt32()] = (piece.Name, Normal);
        foreach (JsonElement token in added.EnumerateArray())
            byId[token.GetProperty("id").GetInt32()] = (token.GetProperty("content").GetString()!, Control);
        foreach ((_, (string text, int kind)) in byId.OrderBy(entry => entry.Key))
        {
            Texts.Add(text);
            Kinds.Add(kind);
        }

        foreach (JsonElement merge in model.GetProperty("merges").EnumerateArray())
            Merges.Add(merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0].GetString()} {merge[1].GetString()}");
    }

    private void ReadSentencePieces(byte[] file)
    {
        CodedInputStream model = new(file);
        for (uint tag = model.ReadTag(); tag != 0; tag = model.ReadTag())
        {
            if (tag == WireFormat.MakeTag(1, WireFormat.WireType.LengthDelimited))
                AddPiece(model.ReadBytes());
            else
                model.SkipLastField();
        }
    }

    private void AddPiece(ByteString piece)
    {
        string text = "";
        float score = 0;
        int kind = Normal;
        CodedInputStream fields = piece.CreateCodedInput();
        for (uint tag = fields.ReadTag(); tag != 0; tag = fields.ReadTag())
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    text = fields.ReadString();
                    break;
                case 2:
                    score = fields.ReadFloat();
                    break;
                case 3:
                    kind = fields.ReadEnum();
                    break;
                default:
                    fields.SkipLastField();
                    break;
            }
        }

        Texts.Add(text);
        Scores.Add(score);
        Kinds.Add(kind);
    }
}
