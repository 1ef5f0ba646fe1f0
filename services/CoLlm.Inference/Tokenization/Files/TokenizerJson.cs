using System.Globalization;
using System.Text;
using System.Text.Json;
using CoLlm.Inference.Tokenization.Bpe;
using CoLlm.Inference.Tokenization.Decoding;
using CoLlm.Inference.Tokenization.PreTokenization;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Reads <c>tokenizer.json</c>: one component after another, each of a known type or refused.</summary>
internal static class TokenizerJson
{
    public static TokenizerParts Read(string path, DeclaredTokens declared)
    {
        using JsonDocument document = TokenizerFile.ReadJson(path)!;
        var root = new JsonPlace(document.RootElement, path, string.Empty);
        BpeModel model = BpeSection.Read(root.Get("model"));
        (IReadOnlyList<IPreTokenizer> preTokenizers, bool mapsBytes) = PreTokenizerSection.Read(root.Get("pre_tokenizer"));
        DecoderSection decoder = DecoderSection.Read(root.Get("decoder"));

        var assembly = new TokenizerAssembly();
        JsonPlace added = root.Get("added_tokens");
        if (!added.IsNull)
        {
            foreach (JsonPlace item in added.Items())
                assembly.Add(DeclaredTokens.ReadToken(item, item.Get("id").AsInteger(0, TokenizerFile.MaxVocabularySize - 1), false));
        }

        assembly.AddDeclared(declared, model.Pieces, mayBeNormalized: true);
        string?[] tokens = assembly.Tokens(model.Pieces, path);
        TokenRoles roles = assembly.Roles(declared, model.Pieces);
        (IReadOnlyList<int> prefix, IReadOnlyList<int> suffix) = PostProcessorSection.Read(root.Get("post_processor"), tokens.Length);
        if (IsLlama(declared) && declared.AddsBos is { } addsBos)
        {
            // The class that the configuration names builds its own template from these two switches.
            prefix = addsBos && roles.Bos is { } bos ? [bos] : [];
            suffix = declared.AddsEos == true && roles.Eos is { } eos ? [eos] : [];
        }

        return new TokenizerParts
        {
            Normalizer = NormalizerSection.Read(root.Get("normalizer")),
            PreTokenizers = preTokenizers,
            MapsBytes = mapsBytes,
            Model = model,
            RecognizedTokens = assembly.Added,
            Tokens = tokens,
            DecodedTokens = new TokenBytes([.. tokens.Select((token, id) => Decoded(token, assembly.AddedAt(id), decoder))]),
            Decoding = decoder.Rules,
            Roles = roles,
            Prefix = prefix,
            Suffix = suffix,
        };
    }

    private static bool IsLlama(DeclaredTokens declared) => declared.TokenizerClass is "LlamaTokenizer" or "LlamaTokenizerFast";

    private static (TokenKind Kind, byte[] Bytes) Decoded(string? token, AddedToken? added, DecoderSection decoder)
    {
        if (token is null)
            return (TokenKind.None, []);
        TokenKind special = added is { IsSpecial: true } ? TokenKind.Special : TokenKind.Text;
        if (decoder.Rules.InvalidBytes == InvalidBytes.MaximalParts)
            return (special | TokenKind.Text, ByteAlphabet.Decode(token));
        if (decoder.FallsBackToBytes && TryByte(token, out byte value))
            return (special | TokenKind.Byte, [value]);
        return (special | TokenKind.Text, Encoding.UTF8.GetBytes(decoder.Replaced(token)));
    }

    /// <summary>A byte piece is written <c>&lt;0x0A&gt;</c>.</summary>
    internal static bool TryByte(string token, out byte value)
    {
        value = 0;
        return token.Length == 6
            && token.StartsWith("<0x", StringComparison.Ordinal)
            && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
