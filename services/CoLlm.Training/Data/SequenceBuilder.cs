using CoLlm.Inference.Tokenization;

namespace CoLlm.Training.Data;

/// <summary>Puts a sequence together from pieces of text that count or do not.</summary>
internal sealed class SequenceBuilder(Tokenizer tokenizer)
{
    private readonly List<int> _ids = [];
    private readonly List<bool> _isTarget = [];
    private string _text = "";

    /// <summary>Appends a piece of text.</summary>
    /// <param name="piece">Text.</param>
    /// <param name="isTarget">Whether its tokens count.</param>
    /// <param name="addSpecial">The text as a whole begins with the tokens that the tokenizer puts before a text.</param>
    public void Add(string piece, bool isTarget, bool addSpecial)
    {
        int[] whole = tokenizer.Encode(_text + piece, addSpecial);
        if (whole.AsSpan().StartsWith(_ids.ToArray()))
            AddIds(whole.AsSpan(_ids.Count), isTarget);
        else
            AddIds(tokenizer.Encode(piece, addSpecial: false), isTarget);
        _text += piece;
    }

    /// <summary>Appends the token that ends a text, where there is one; it counts.</summary>
    public void AddEndOfText()
    {
        if (tokenizer.EosTokenId is { } end && (_ids.Count == 0 || _ids[^1] != end))
            AddIds([end], isTarget: true);
    }

    /// <summary>The sequence, cut to the limit; null where no token that counts is left.</summary>
    public FormattedSequence? Build(int maxTokens)
    {
        int length = Math.Min(_ids.Count, maxTokens);

        // The first token has no prefix to be predicted from.
        bool[] isTarget = [.. _isTarget.Take(length).Skip(1)];
        return isTarget.Contains(true) ? new FormattedSequence([.. _ids.Take(length)], isTarget) : null;
    }

    private void AddIds(ReadOnlySpan<int> ids, bool isTarget)
    {
        foreach (int id in ids)
        {
            _ids.Add(id);
            _isTarget.Add(isTarget);
        }
    }
}
