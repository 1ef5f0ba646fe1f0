using Google.Protobuf;

namespace CoLlm.Expert.Tests.OpenAi.LlamaCpp;

/// <summary>The pieces of a <c>tokenizer.model</c>, as GGUF lists them.</summary>
internal sealed class SentencePieces
{
    public List<string> Texts { get; } = [];

    public List<float> Scores { get; } = [];

    /// <summary>1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte.</summary>
    public List<int> Kinds { get; } = [];

    public static SentencePieces Read(string path)
    {
        SentencePieces pieces = new();
        CodedInputStream model = new(File.ReadAllBytes(path));
        for (uint tag = model.ReadTag(); tag != 0; tag = model.ReadTag())
        {
            if (tag == WireFormat.MakeTag(1, WireFormat.WireType.LengthDelimited))
                pieces.Add(model.ReadBytes());
            else
                model.SkipLastField();
        }

        return pieces;
    }

    private void Add(ByteString piece)
    {
        string text = "";
        float score = 0;
        int kind = 1;
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
