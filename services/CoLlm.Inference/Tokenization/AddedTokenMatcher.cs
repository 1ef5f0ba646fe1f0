using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace CoLlm.Inference.Tokenization;

/// <summary>
/// Finds added tokens in text: leftmost first, of those the longest. A place is a candidate only where some token's first
/// character stands, so the cost is bounded by text length times the longest token.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private readonly AddedToken[] _tokens;
    private readonly PieceTrie _trie = new();
    private readonly SearchValues<char> _firstCharacters;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        _tokens = [.. tokens.Where(token => token.Content.Length > 0)];
        for (int index = 0; index < _tokens.Length; index++)
            _trie.Add(_tokens[index].Content, index);
        _firstCharacters = SearchValues.Create([.. _tokens.Select(token => token.Content[0])]);
    }

    /// <summary>Cuts <paramref name="segment"/> into text (token null) and added tokens, in order; nothing empty is reported.</summary>
    public void Split(TextSegment segment, List<(TextSegment Part, AddedToken? Token)> parts)
    {
        ReadOnlySpan<char> text = segment.Span;
        int taken = 0;
        int position = 0;
        while (FindNext(text, ref position, out AddedToken? token))
        {
            int end = position + token.Content.Length;
            if (token.IsSingleWord && (EndsWithWord(text[..position]) || StartsWithWord(text[end..])))
            {
                position = end;
                continue;
            }

            int start = token.StripsLeft ? taken + text[taken..position].TrimEnd().Length : position;
            if (token.StripsRight)
                end = text.Length - text[end..].TrimStart().Length;
            if (start > taken)
                parts.Add((segment.Part(taken, start - taken), null));
            parts.Add((segment.Part(start, end - start), token));
            taken = position = end;
        }

        if (taken < text.Length)
            parts.Add((segment.Part(taken, text.Length - taken), null));
    }

    private bool FindNext(ReadOnlySpan<char> text, ref int position, [NotNullWhen(true)] out AddedToken? token)
    {
        token = null;
        while (position < text.Length)
        {
            int candidate = text[position..].IndexOfAny(_firstCharacters);
            if (candidate < 0)
                return false;
            position += candidate;
            if (_trie.TryMatch(text, position, out int index, out _))
            {
                token = _tokens[index];
                return true;
            }

            position++;
        }

        return false;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && CharacterClass.IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out Rune rune, out _) == OperationStatus.Done && CharacterClass.IsWord(rune);
}
