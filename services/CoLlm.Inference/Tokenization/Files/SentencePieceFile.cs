using System.Text;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization.Bpe;
using CoLlm.Inference.Tokenization.Decoding;
using CoLlm.Inference.Tokenization.Normalization;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>
/// Reads <c>tokenizer.model</c>. Alone it behaves as SentencePiece does, which knows no special tokens inside text and decodes
/// broken bytes one by one. With the files of a Hugging Face directory beside it, it behaves as the equivalent
/// <c>tokenizer.json</c>: declared tokens are recognised in text, and a run of bytes is text only as a whole.
/// </summary>
internal static class SentencePieceFile
{
    public static TokenizerParts Read(string path, DeclaredTokens declared)
    {
        SentencePieceModel model = SentencePieceModel.Parse(path, TokenizerFile.ReadBytes(path));
        RefuseUnsupported(path, model);
        Dictionary<string, int> pieces = ReadPieces(path, model, out int unknownId);
        var merges = new SentencePieceMerges(path, model.Pieces);

        var assembly = new TokenizerAssembly();
        if (declared.IsDeclared)
            assembly.AddDeclared(declared, pieces, mayBeNormalized: false);
        string?[] tokens = assembly.Tokens(pieces, path);
        TokenRoles roles = ReadRoles(declared, assembly, pieces, model, unknownId);
        return new TokenizerParts
        {
            Normalizer = ReadNormalizer(path, model, declared),
            PreTokenizers = [],
            MapsBytes = false,
            Model = new BpeModel(pieces, merges.Table, ReadOptions(model, merges, unknownId)),
            RecognizedTokens = assembly.Added,
            MarkupIds = [.. Enumerable.Range(0, model.Pieces.Count).Where(id => model.Pieces[id].Kind is PieceKind.Control or PieceKind.Unknown)],
            Tokens = tokens,
            DecodedTokens = new TokenBytes([.. tokens.Select((token, id) => Decoded(token, id, model, assembly.AddedAt(id), declared))]),
            Decoding = ReadDecoding(model, declared),
            Roles = roles,
            Prefix = declared.AddsBos != false && roles.Bos is { } bos ? [bos] : [],
            Suffix = declared.AddsEos == true && roles.Eos is { } eos ? [eos] : [],
        };
    }

    private static void RefuseUnsupported(string path, SentencePieceModel model)
    {
        string? fault = model switch
        {
            { ModelType: 1 } => "its model type is unigram; only byte-pair models are supported",
            { ModelType: not SentencePieceModel.BytePairs } => $"its model type is {model.ModelType}; only byte-pair models (2) are supported",
            { SpaceIsSuffix: true } => "it treats white space as a suffix, which is not supported",
            { HasDenormalizer: true } => "it has a denormalizer, which is not supported",
            _ => null,
        };
        int unused = model.Pieces.FindIndex(piece => piece.Kind == PieceKind.Unused);
        if (fault is null && unused >= 0)
            fault = $"piece {unused} is marked unused, which is not supported";
        if (fault is not null)
            throw new CheckpointException($"{path}: {fault}.");
    }

    private static Dictionary<string, int> ReadPieces(string path, SentencePieceModel model, out int unknownId)
    {
        var pieces = new Dictionary<string, int>(model.Pieces.Count, StringComparer.Ordinal);
        unknownId = -1;
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            SentencePiece piece = model.Pieces[id];
            if (piece.Text.Length == 0)
                throw new CheckpointException($"{path}: piece {id} is empty.");
            if (!pieces.TryAdd(piece.Text, id))
                throw new CheckpointException($"{path}: piece {id} is \"{piece.Text}\", which piece {pieces[piece.Text]} is already.");
            if (piece.Kind == PieceKind.Byte && !TokenizerJson.TryByte(piece.Text, out _))
                throw new CheckpointException($"{path}: piece {id} is marked as a byte but reads \"{piece.Text}\".");
            if (piece.Kind == PieceKind.Unknown && unknownId >= 0)
                throw new CheckpointException($"{path}: pieces {unknownId} and {id} are both marked as the unknown piece.");
            if (piece.Kind == PieceKind.Unknown)
                unknownId = id;
        }

        return pieces;
    }

    private static BpeOptions ReadOptions(SentencePieceModel model, SentencePieceMerges merges, int unknownId)
    {
        int[] byteIds = new int[256];
        Array.Fill(byteIds, -1);
        PieceTrie? frozen = null;
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id].Kind == PieceKind.Byte && TokenizerJson.TryByte(model.Pieces[id].Text, out byte value))
                byteIds[value] = id;
            if (model.Pieces[id].Kind == PieceKind.UserDefined)
                (frozen ??= new PieceTrie()).Add(model.Pieces[id].Text, id);
        }

        return new BpeOptions
        {
            FallsBackAfterMerging = true,
            ByteIds = model.FallsBackToBytes && !byteIds.Contains(-1) ? byteIds : null,
            UnknownId = unknownId,
            FusesUnknown = true,
            FrozenPieces = frozen,
            SymbolSource = merges.Characters,
            ExtraSymbolsFrom = model.Pieces.Count,
        };
    }

    private static SentencePieceNormalizer ReadNormalizer(string path, SentencePieceModel model, DeclaredTokens declared)
    {
        PrecompiledCharacterMap? map = null;
        if (model.CharacterMap.Length > 0)
        {
            map = PrecompiledCharacterMap.TryRead(model.CharacterMap)
                ?? throw new CheckpointException($"{path}: the normalizer's character map is malformed.");
        }

        SpacePrefix prefix = !model.AddsPrefix ? SpacePrefix.None : declared.IsLegacy ? SpacePrefix.EverySegment : SpacePrefix.TextStart;
        string[] userDefined = [.. model.Pieces.Where(piece => piece.Kind == PieceKind.UserDefined).Select(piece => piece.Text)];
        return new SentencePieceNormalizer(new SentencePieceNormalization(
            map, prefix, model.CollapsesSpaces, model.EscapesSpaces, userDefined.Length > 0 ? new Utf8PieceSet(userDefined) : null));
    }

    private static DecodingRules ReadDecoding(SentencePieceModel model, DeclaredTokens declared)
    {
        if (declared.IsDeclared)
            return new DecodingRules(InvalidBytes.WholeRun, model.AddsPrefix ? LeadingSpace.OneDropped : LeadingSpace.Kept);
        return new DecodingRules(
            InvalidBytes.EachByte,
            model.CollapsesSpaces ? LeadingSpace.OneDroppedFromEachPiece
                : model.AddsPrefix ? LeadingSpace.OneDroppedFromPiece
                : LeadingSpace.Kept);
    }

    private static TokenRoles ReadRoles(
        DeclaredTokens declared, TokenizerAssembly assembly, Dictionary<string, int> pieces, SentencePieceModel model, int unknownId)
    {
        TokenRoles named = assembly.Roles(declared, pieces);
        return new TokenRoles(
            named.Bos ?? ControlId(model, model.BosId),
            named.Eos ?? ControlId(model, model.EosId),
            named.Pad ?? ControlId(model, model.PadId),
            named.Unknown ?? (unknownId >= 0 ? unknownId : null));
    }

    private static int? ControlId(SentencePieceModel model, int id) =>
        id >= 0 && id < model.Pieces.Count && model.Pieces[id].Kind == PieceKind.Control ? id : null;

    private static (TokenKind Kind, byte[] Bytes) Decoded(
        string? token, int id, SentencePieceModel model, AddedToken? added, DeclaredTokens declared)
    {
        if (token is null)
            return (TokenKind.None, []);
        if (added is not null)
            return (added.IsSpecial ? TokenKind.Special | TokenKind.Text : TokenKind.Text, Encoding.UTF8.GetBytes(added.Content));
        return model.Pieces[id].Kind switch
        {
            PieceKind.Control => (TokenKind.Special | TokenKind.Text, declared.IsDeclared ? Encoding.UTF8.GetBytes(token) : []),
            PieceKind.Unknown => (TokenKind.Text, Encoding.UTF8.GetBytes(declared.IsDeclared ? token : model.UnknownText)),
            PieceKind.Byte when TokenizerJson.TryByte(token, out byte value) => (TokenKind.Byte, [value]),
            _ => (
                token[0] == SentencePieceNormalizer.Mark ? TokenKind.Text | TokenKind.OpensWithMark : TokenKind.Text,
                Encoding.UTF8.GetBytes(token.Replace(SentencePieceNormalizer.Mark, ' '))),
        };
    }
}
