using CoLlm.Inference.Tokenization.Bpe;
using CoLlm.Inference.Tokenization.Decoding;
using CoLlm.Inference.Tokenization.Normalization;
using CoLlm.Inference.Tokenization.PreTokenization;

namespace CoLlm.Inference.Tokenization;

/// <summary>The ids that play a named part; null where the tokenizer names none.</summary>
internal sealed record TokenRoles(int? Bos, int? Eos, int? Pad, int? Unknown);

/// <summary>Everything a <see cref="Tokenizer"/> is made of, read and validated.</summary>
internal sealed record TokenizerParts
{
    /// <summary>Null: text is taken as it is.</summary>
    public ITextNormalizer? Normalizer { get; init; }

    /// <summary>Applied one after another, each to the words of the one before.</summary>
    public required IReadOnlyList<IPreTokenizer> PreTokenizers { get; init; }

    /// <summary>Words go to the model as stand-ins of their UTF-8 bytes.</summary>
    public required bool MapsBytes { get; init; }

    public required BpeModel Model { get; init; }

    /// <summary>Added tokens that are recognised in text.</summary>
    public required IReadOnlyList<AddedToken> RecognizedTokens { get; init; }

    /// <summary>Ids that stand for markup although text is not searched for them.</summary>
    public IReadOnlyList<int> MarkupIds { get; init; } = [];

    /// <summary>One more than the largest id of the model itself, tokens added beside it apart.</summary>
    public int ModelVocabularySize => Model.Pieces.Count == 0 ? 0 : Model.Pieces.Values.Max() + 1;

    /// <summary>Each id's writing in the vocabulary; null at ids without a token.</summary>
    public required IReadOnlyList<string?> Tokens { get; init; }

    public required TokenBytes DecodedTokens { get; init; }

    public required DecodingRules Decoding { get; init; }

    public required TokenRoles Roles { get; init; }

    /// <summary>Ids that "add special" puts before and after a text.</summary>
    public required IReadOnlyList<int> Prefix { get; init; }

    public required IReadOnlyList<int> Suffix { get; init; }

    public int? IdOf(string token)
    {
        foreach (AddedToken added in RecognizedTokens)
        {
            if (added.Content == token)
                return added.Id;
        }

        return Model.Pieces.TryGetValue(token, out int id) ? id : null;
    }
}
