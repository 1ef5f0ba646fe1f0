using System.Collections.Concurrent;
using System.Text;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization.Bpe;
using CoLlm.Inference.Tokenization.Decoding;
using CoLlm.Inference.Tokenization.Files;
using CoLlm.Inference.Tokenization.PreTokenization;

namespace CoLlm.Inference.Tokenization;

/// <summary>
/// Text to token ids and back, as the tokenizer files of a Hugging Face directory define it. Immutable and thread-safe; time
/// grows linearly with the text whatever it holds (n log n inside a single word).
/// </summary>
public sealed class Tokenizer
{
    /// <summary>Longest word, in UTF-16 units, and most words that are remembered with their ids.</summary>
    private const int LongestCachedWord = 48, MostCachedWords = 1 << 15;

    private readonly TokenizerParts _parts;
    private readonly AddedTokenMatcher _rawTokens;
    private readonly AddedTokenMatcher _normalizedTokens;
    private readonly ConcurrentDictionary<string, int[]> _cache = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _cacheBySpan;
    private readonly Lazy<string> _fingerprint;
    private int _cachedWords;

    internal Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        ModelVocabularySize = parts.ModelVocabularySize;
        _fingerprint = new Lazy<string>(() => TokenizerFingerprint.Of(parts, ModelVocabularySize));
        _cacheBySpan = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        _rawTokens = new AddedTokenMatcher(parts.RecognizedTokens.Where(token => !token.IsNormalized));
        _normalizedTokens = new AddedTokenMatcher(parts.RecognizedTokens
            .Where(token => token.IsNormalized)
            .Select(token => token with { Content = Normalize(token.Content, opensText: false) }));
    }

    /// <summary>One more than the largest token id. A model may have more rows (padding), which no text encodes to.</summary>
    public int VocabularySize => _parts.Tokens.Count;

    /// <summary>One more than the largest id of the model's own pieces: the vocabulary without tokens added above it.</summary>
    public int ModelVocabularySize { get; }

    /// <summary>
    /// Equal for tokenizers that give the same ids to the same text as far as the model's own pieces go: the fingerprint of ids
    /// below <see cref="ModelVocabularySize"/>. 32 hexadecimal digits.
    /// </summary>
    public string Fingerprint => _fingerprint.Value;

    /// <summary>Begins a text; null when the tokenizer names none.</summary>
    public int? BosTokenId => _parts.Roles.Bos;

    /// <summary>Ends a text; null when the tokenizer names none.</summary>
    public int? EosTokenId => _parts.Roles.Eos;

    public int? PadTokenId => _parts.Roles.Pad;

    public int? UnknownTokenId => _parts.Roles.Unknown;

    /// <summary>Reads the tokenizer of a directory: <c>tokenizer.json</c>, else <c>tokenizer.model</c>, with the files beside it.</summary>
    /// <exception cref="CheckpointException">There is none, or it is malformed, or uses what is not supported.</exception>
    public static Tokenizer Load(string directory) => new(TokenizerDirectory.Read(directory));

    /// <summary>The ids of <paramref name="text"/>. Added tokens written in the text are recognised.</summary>
    /// <param name="text">Any text; half a surrogate pair counts as U+FFFD.</param>
    /// <param name="addSpecial">Puts the tokens before and after it that the tokenizer asks for, such as BOS.</param>
    public int[] Encode(string text, bool addSpecial)
    {
        ArgumentNullException.ThrowIfNull(text);
        var run = new EncodingRun(new BpeWord(), []);
        if (addSpecial)
            run.Ids.AddRange(_parts.Prefix);
        if (text.Length > 0)
            EncodeText(WellFormed(text), run);
        if (addSpecial)
            run.Ids.AddRange(_parts.Suffix);
        return [.. run.Ids];
    }

    /// <summary>The text of <paramref name="ids"/>.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Leaves out special tokens.</param>
    /// <exception cref="TokenizerException">An id is not in the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial)
    {
        StreamingDetokenizer detokenizer = CreateDetokenizer(skipSpecial);
        string settled = detokenizer.Append(ids);
        return settled + detokenizer.Finish();
    }

    /// <summary>A decoder for tokens that come one by one.</summary>
    public StreamingDetokenizer CreateDetokenizer(bool skipSpecial) => new(_parts.DecodedTokens, _parts.Decoding, skipSpecial);

    /// <summary>The vocabulary's own writing of a token; null when no token has this id.</summary>
    public string? TokenText(int id) => (uint)id < (uint)_parts.Tokens.Count ? _parts.Tokens[id] : null;

    /// <summary>The id of a token by its writing in the vocabulary; null when there is none.</summary>
    public int? TokenId(string token) => _parts.IdOf(token);

    /// <summary>Whether decoding can skip this token.</summary>
    public bool IsSpecial(int id) =>
        (uint)id < (uint)_parts.Tokens.Count && (_parts.DecodedTokens.KindOf(id) & TokenKind.Special) != 0;

    /// <summary>
    /// As <see cref="Fingerprint"/>, over the ids below <paramref name="usableVocabulary"/> only: what two models of different
    /// vocabulary sizes compare on the ids that both have. Costs a pass over the vocabulary.
    /// </summary>
    public string FingerprintOf(int usableVocabulary)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(usableVocabulary);
        return usableVocabulary == ModelVocabularySize ? Fingerprint : TokenizerFingerprint.Of(_parts, usableVocabulary);
    }

    /// <summary>
    /// Whether ids below <paramref name="sharedVocabulary"/> mean the same to both. Text that one of them encodes with ids at or
    /// above it is not covered.
    /// </summary>
    public bool IsCompatibleWith(Tokenizer other, int sharedVocabulary) =>
        FingerprintOf(sharedVocabulary) == other.FingerprintOf(sharedVocabulary);

    private void EncodeText(string text, EncodingRun run)
    {
        List<(TextSegment Part, AddedToken? Token)> outer = [];
        _rawTokens.Split(TextSegment.Whole(text, opensText: true), outer);
        List<(TextSegment Part, AddedToken? Token)> inner = [];
        foreach ((TextSegment part, AddedToken? token) in outer)
        {
            if (token is not null)
            {
                run.Ids.Add(token.Id);
                continue;
            }

            string normalized = Normalize(part.ToString(), part.OpensText);
            inner.Clear();
            _normalizedTokens.Split(TextSegment.Whole(normalized, part.OpensText), inner);
            foreach ((TextSegment words, AddedToken? normalizedToken) in inner)
            {
                if (normalizedToken is not null)
                    run.Ids.Add(normalizedToken.Id);
                else
                    EncodeSegment(words, run);
            }
        }
    }

    private void EncodeSegment(TextSegment segment, EncodingRun run)
    {
        List<TextSegment> words = [segment];
        foreach (IPreTokenizer preTokenizer in _parts.PreTokenizers)
        {
            List<TextSegment> finer = new(words.Count);
            foreach (TextSegment word in words)
                preTokenizer.Split(word, finer);
            words = finer;
        }

        foreach (TextSegment word in words)
            EncodeWord(word.Span, run);
    }

    private void EncodeWord(ReadOnlySpan<char> word, EncodingRun run)
    {
        bool mayBeCached = word.Length <= LongestCachedWord;
        if (mayBeCached && _cacheBySpan.TryGetValue(word, out int[]? cached))
        {
            run.Ids.AddRange(cached);
            return;
        }

        int start = run.Ids.Count;
        if (_parts.MapsBytes)
        {
            Span<char> mapped = run.Mapped(word.Length * 3);
            _parts.Model.Encode(mapped[..ByteAlphabet.Encode(word, mapped)], run.Scratch, run.Ids);
        }
        else
        {
            _parts.Model.Encode(word, run.Scratch, run.Ids);
        }

        // The count may run a little past the bound when threads meet here; it never grows without one.
        if (mayBeCached && _cachedWords < MostCachedWords && _cacheBySpan.TryAdd(word, [.. run.Ids[start..]]))
            Interlocked.Increment(ref _cachedWords);
    }

    private string Normalize(string text, bool opensText) => _parts.Normalizer?.Normalize(text, opensText) ?? text;

    private static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;
        var repaired = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            repaired.Append(rune);
        return repaired.ToString();
    }

    /// <summary>Buffers of one call to <see cref="Encode"/>.</summary>
    private sealed class EncodingRun(BpeWord scratch, List<int> ids)
    {
        private char[] _mapped = new char[256];

        public BpeWord Scratch { get; } = scratch;

        public List<int> Ids { get; } = ids;

        public Span<char> Mapped(int length)
        {
            if (_mapped.Length < length)
                _mapped = new char[Math.Max(length, _mapped.Length * 2)];
            return _mapped;
        }
    }
}
