using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CoLlm.Inference.Tokenization.Bpe;
using CoLlm.Inference.Tokenization.PreTokenization;

namespace CoLlm.Inference.Tokenization;

/// <summary>
/// A digest of everything that decides which ids below a bound a text gets: how text is normalised and cut, the pieces, the
/// order of merges, and the tokens recognised as wholes. Rules with ids at or above the bound are left out, so that padding and
/// tokens added above a shared vocabulary make no difference; so do ids that no token has.
/// </summary>
/// <remarks>
/// Not part of it: whether markup written in text is recognised as special tokens, which tokens are put around a text, and how
/// ids become text. The ways to split one piece count as a set: a file that lists merges (<c>tokenizer.json</c>) and one that
/// only scores pieces (<c>tokenizer.model</c>) can then agree.
/// </remarks>
internal sealed class TokenizerFingerprint : IDisposable
{
    private const int DigestBytes = 16;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The digest over ids below <paramref name="bound"/>, 32 hexadecimal digits.</summary>
    public static string Of(TokenizerParts parts, int bound)
    {
        using var fingerprint = new TokenizerFingerprint();
        fingerprint.AddRules(parts, bound);
        fingerprint.AddTokens(parts, bound);
        fingerprint.AddMerges(parts.Model, bound);
        return Convert.ToHexStringLower(fingerprint._hash.GetHashAndReset().AsSpan(0, DigestBytes));
    }

    public void Dispose() => _hash.Dispose();

    private void AddRules(TokenizerParts parts, int bound)
    {
        BpeOptions options = parts.Model.Options;
        bool hasAllBytes = options.ByteIds is { } ids && !ids.Contains(-1);
        Add("rules");
        Add(parts.Normalizer?.Signature ?? string.Empty);
        foreach (IPreTokenizer step in parts.PreTokenizers)
            Add(step.Signature);
        Add(parts.MapsBytes ? "bytes" : "characters");
        Add(options.TakesWholeWords ? "whole words" : string.Empty);
        Add(hasAllBytes ? "byte fallback" : $"unknown {(options.UnknownId < bound ? options.UnknownId : -1)} {options.FusesUnknown}");
    }

    private void AddTokens(TokenizerParts parts, int bound)
    {
        Add("tokens");
        for (int id = 0; id < Math.Min(bound, parts.Tokens.Count); id++)
        {
            if (parts.Tokens[id] is not { } token)
                continue;
            Add(id);
            Add(token);
        }

        Add("wholes");
        var flags = new SortedDictionary<int, string>();
        foreach (int id in parts.MarkupIds)
            flags[id] = Flags(false, false, false, false);
        foreach (AddedToken token in parts.RecognizedTokens)
            flags[token.Id] = Flags(token.StripsLeft, token.StripsRight, token.IsSingleWord, token.IsNormalized);
        foreach ((int id, string text) in flags.Where(entry => entry.Key < bound))
        {
            Add(id);
            Add(text);
        }
    }

    /// <summary>Pieces in the order in which their merges rank, each with its splits.</summary>
    private void AddMerges(BpeModel model, int bound)
    {
        int usable = Math.Min(bound, model.Options.ExtraSymbolsFrom);
        var merges = model.Merges.All()
            .Where(entry => entry.Left < usable && entry.Right < usable && entry.Merge.Result < usable)
            .OrderBy(entry => entry.Merge.Rank).ThenBy(entry => entry.Merge.Result).ThenBy(entry => entry.Left).ToArray();
        Add("merges");
        for (int start = 0; start < merges.Length;)
        {
            int result = merges[start].Merge.Result;
            int end = start;
            while (end < merges.Length && merges[end].Merge.Result == result)
                end++;
            Add(result);
            foreach ((int left, int right, _) in merges[start..end].OrderBy(entry => entry.Left))
            {
                Add(left);
                Add(right);
            }

            start = end;
        }
    }

    private static string Flags(params ReadOnlySpan<bool> flags)
    {
        var text = new StringBuilder();
        foreach (bool flag in flags)
            text.Append(flag ? '1' : '0');
        return text.ToString();
    }

    private void Add(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Add(bytes.Length);
        _hash.AppendData(bytes);
    }

    private void Add(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        _hash.AppendData(bytes);
    }
}
