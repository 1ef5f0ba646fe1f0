using System.Text;
using CoLlm.Inference.Tokenization.Decoding;

namespace CoLlm.Inference.Tokenization;

/// <summary>
/// Turns token ids into text as they come. What it has returned is at every moment a prefix of the text that all the tokens
/// decode to, and never ends inside a character; <see cref="Finish"/> returns the rest. Not thread-safe.
/// </summary>
public sealed class StreamingDetokenizer
{
    private readonly TokenBytes _tokens;
    private readonly DecodingRules _rules;
    private readonly bool _skipSpecial;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly ByteRun _run;
    private readonly StringBuilder _output = new();
    private bool _isFirstToken = true;
    private bool _hasReturnedText;
    private bool _hasDroppedSpace;
    private bool _isFinished;

    internal StreamingDetokenizer(TokenBytes tokens, DecodingRules rules, bool skipSpecial)
    {
        _tokens = tokens;
        _rules = rules;
        _skipSpecial = skipSpecial;
        _run = new ByteRun(rules.InvalidBytes == InvalidBytes.WholeRun);
    }

    /// <summary>Takes the next token; returns the text that is settled by it, empty when there is none yet.</summary>
    /// <exception cref="TokenizerException">The id is not in the vocabulary.</exception>
    /// <exception cref="InvalidOperationException">The text was finished before.</exception>
    public string Append(int id) => Append([id]);

    /// <summary>Takes several tokens at once; otherwise as for one.</summary>
    public string Append(ReadOnlySpan<int> ids)
    {
        if (_isFinished)
            throw new InvalidOperationException("The text was finished; a new text needs a new detokenizer.");
        foreach (int id in ids)
            Write(id);
        return TakeOutput();
    }

    /// <summary>No token follows: returns what was held back, with U+FFFD for characters that were cut short.</summary>
    public string Finish()
    {
        if (!_isFinished && _rules.InvalidBytes == InvalidBytes.MaximalParts)
            WriteBytes([], isEnd: true);
        else if (!_isFinished)
            _run.End(_output);
        _isFinished = true;
        return TakeOutput();
    }

    private void Write(int id)
    {
        TokenKind kind = (uint)id < (uint)_tokens.Count ? _tokens.KindOf(id) : TokenKind.None;
        if (kind == TokenKind.None)
            throw new TokenizerException($"Token id {id} is not in the vocabulary (ids below {_tokens.Count}).");
        if (_skipSpecial && (kind & TokenKind.Special) != 0)
            return;

        ReadOnlySpan<byte> bytes = _tokens.BytesOf(id);
        if (_rules.InvalidBytes == InvalidBytes.MaximalParts)
        {
            WriteBytes(bytes, isEnd: false);
        }
        else if ((kind & TokenKind.Byte) != 0)
        {
            _run.Append(bytes[0], _output);
        }
        else
        {
            _run.End(_output);
            WriteText(bytes, (kind & TokenKind.OpensWithMark) != 0);
        }

        _isFirstToken = false;
    }

    private void WriteText(ReadOnlySpan<byte> bytes, bool opensWithMark)
    {
        string text = Encoding.UTF8.GetString(bytes);
        switch (_rules.LeadingSpace)
        {
            case LeadingSpace.AllDroppedFromFirstToken when _isFirstToken:
                text = text.Replace(" ", string.Empty, StringComparison.Ordinal);
                break;
            case LeadingSpace.OneDroppedFromPiece when opensWithMark && !HasText && !_hasDroppedSpace:
            case LeadingSpace.OneDroppedFromEachPiece when opensWithMark && !HasText:
                text = text[1..];
                _hasDroppedSpace = true;
                break;
        }

        _output.Append(text);
    }

    private bool HasText => _hasReturnedText || _output.Length > 0;

    private void WriteBytes(ReadOnlySpan<byte> bytes, bool isEnd)
    {
        const int PieceBytes = 256;
        Span<char> characters = stackalloc char[PieceBytes + 4];
        do
        {
            ReadOnlySpan<byte> piece = bytes[..Math.Min(bytes.Length, PieceBytes)];
            bytes = bytes[piece.Length..];
            int count = _decoder.GetChars(piece, characters, flush: isEnd && bytes.IsEmpty);
            _output.Append(characters[..count]);
        }
        while (!bytes.IsEmpty);
    }

    private string TakeOutput()
    {
        if (_output.Length == 0)
            return string.Empty;
        bool drops = !_hasReturnedText && _rules.LeadingSpace == LeadingSpace.OneDropped && _output[0] == ' ';
        _hasReturnedText = true;
        string text = drops ? _output.ToString(1, _output.Length - 1) : _output.ToString();
        _output.Clear();
        return text;
    }
}
