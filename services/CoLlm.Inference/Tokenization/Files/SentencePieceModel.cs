using System.Text;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Kinds of pieces, with the numbers of the file format.</summary>
internal enum PieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>One piece of a SentencePiece vocabulary; the one with the higher score is merged first.</summary>
internal readonly record struct SentencePiece(string Text, float Score, PieceKind Kind);

/// <summary>The fields of a <c>tokenizer.model</c> that encoding and decoding depend on, with the format's defaults.</summary>
internal sealed class SentencePieceModel
{
    /// <summary>The number that the file format gives byte-pair models.</summary>
    public const ulong BytePairs = 2;

    public List<SentencePiece> Pieces { get; } = [];

    public ulong ModelType { get; private set; } = 1;

    public bool FallsBackToBytes { get; private set; }

    public bool SpaceIsSuffix { get; private set; }

    public string UnknownText { get; private set; } = " \u2047 ";

    public int BosId { get; private set; } = 1;

    public int EosId { get; private set; } = 2;

    public int PadId { get; private set; } = -1;

    public byte[] CharacterMap { get; private set; } = [];

    public bool AddsPrefix { get; private set; } = true;

    public bool CollapsesSpaces { get; private set; } = true;

    public bool EscapesSpaces { get; private set; } = true;

    public bool HasDenormalizer { get; private set; }

    /// <exception cref="CheckpointException">The bytes are no such model.</exception>
    public static SentencePieceModel Parse(string file, ReadOnlySpan<byte> bytes)
    {
        var model = new SentencePieceModel();
        try
        {
            model.ReadModel(bytes);
        }
        catch (FormatException exception)
        {
            string place = model.Pieces.Count == 0 ? "the start" : $"piece {model.Pieces.Count}";
            throw new CheckpointException($"{file}: the file is no SentencePiece model; near {place}, {exception.Message}.", exception);
        }

        if (model.Pieces.Count == 0)
            throw new CheckpointException($"{file}: the file is no SentencePiece model; it holds no pieces.");
        return model;
    }

    private void ReadModel(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1 when Pieces.Count == TokenizerFile.MaxVocabularySize:
                    throw new FormatException($"there are more than {TokenizerFile.MaxVocabularySize} pieces");
                case 1:
                    Pieces.Add(ReadPiece(reader.Bytes));
                    break;
                case 2:
                    ReadTrainer(reader.Bytes);
                    break;
                case 3:
                    ReadNormalizer(reader.Bytes);
                    break;
                case 5:
                    HasDenormalizer = HasCharacterMap(reader.Bytes);
                    break;
            }
        }
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> bytes)
    {
        (string text, float score, PieceKind kind) = (string.Empty, 0f, PieceKind.Normal);
        var reader = new ProtobufReader(bytes);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    text = Text(reader.Bytes);
                    break;
                case 2:
                    score = reader.Single;
                    break;
                case 3:
                    kind = reader.Number is >= 1 and <= 6
                        ? (PieceKind)reader.Number
                        : throw new FormatException($"a piece has the unknown kind {reader.Number}");
                    break;
            }
        }

        return new SentencePiece(text, float.IsNaN(score) ? throw new FormatException("a score is not a number") : score, kind);
    }

    private void ReadTrainer(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 3:
                    ModelType = reader.Number;
                    break;
                case 24:
                    SpaceIsSuffix = reader.Boolean;
                    break;
                case 35:
                    FallsBackToBytes = reader.Boolean;
                    break;
                case 41:
                    BosId = unchecked((int)reader.Number);
                    break;
                case 42:
                    EosId = unchecked((int)reader.Number);
                    break;
                case 43:
                    PadId = unchecked((int)reader.Number);
                    break;
                case 44:
                    UnknownText = Text(reader.Bytes);
                    break;
            }
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 2:
                    CharacterMap = reader.Bytes.ToArray();
                    break;
                case 3:
                    AddsPrefix = reader.Boolean;
                    break;
                case 4:
                    CollapsesSpaces = reader.Boolean;
                    break;
                case 5:
                    EscapesSpaces = reader.Boolean;
                    break;
            }
        }
    }

    private static bool HasCharacterMap(ReadOnlySpan<byte> bytes)
    {
        var reader = new ProtobufReader(bytes);
        while (reader.Read())
        {
            if (reader.Field == 2 && !reader.Bytes.IsEmpty)
                return true;
        }

        return false;
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new FormatException("a piece is not valid UTF-8");
        }
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
