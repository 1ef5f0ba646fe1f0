namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>
/// Cuts a template into text and tags, with white space removed as the tags say: <c>-</c> removes all of it, the first line
/// end after a statement or comment goes, and so does white space before one that stands first in its line.
/// </summary>
internal sealed class TemplateLexer
{
    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _position;
    private int _line = 1;

    /// <summary>The last tag took a line end with it, so that what follows begins a line.</summary>
    private bool _startsLine = true;

    private TemplateLexer(string source)
    {
        _source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (_source.EndsWith('\n'))
            _source = _source[..^1];
    }

    /// <exception cref="TemplateSyntaxFault">The template is malformed.</exception>
    public static List<TemplateToken> Read(string source)
    {
        var lexer = new TemplateLexer(source);
        while (lexer._position < lexer._source.Length)
            lexer.ReadNext();
        lexer.Add(TokenType.End, string.Empty);
        return lexer._tokens;
    }

    private void ReadNext()
    {
        int tag = FindTag(_position);
        if (tag < 0)
        {
            AddText(_source[_position..]);
            Advance(_source.Length);
            return;
        }

        char kind = _source[tag + 1];
        char sign = IsSign(tag + 2) ? _source[tag + 2] : '\0';
        AddText(TrimBefore(_source[_position..tag], kind, sign));
        Advance(tag + (sign == '\0' ? 2 : 3));
        if (kind == '#')
            SkipComment();
        else if (kind == '%' && TryReadRaw())
            return;
        else
            ReadTag(kind);
    }

    private int FindTag(int from)
    {
        for (int at = _source.IndexOf('{', from); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
                return at;
        }

        return -1;
    }

    private string TrimBefore(string text, char kind, char sign)
    {
        if (sign == '-')
            return text.TrimEnd(PythonSpace.All);
        if (sign == '+' || kind == '{')
            return text;
        int lineStart = text.LastIndexOf('\n') + 1;
        bool beginsLine = lineStart > 0 || _startsLine;
        return beginsLine && text.AsSpan(lineStart).Trim(PythonSpace.All).IsEmpty ? text[..lineStart] : text;
    }

    private void SkipComment()
    {
        int end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw new TemplateSyntaxFault("a comment is not closed", _line);
        char sign = end > _position ? _source[end - 1] : '\0';
        Advance(end + 2);
        TrimAfter(sign, removesLineEnd: true);
    }

    private bool TryReadRaw()
    {
        int at = SkipSpaces(_position);
        if (!IsWordAt(at, "raw"))
            return false;
        at = SkipSpaces(at + 3);
        char sign = at < _source.Length && _source[at] == '-' ? '-' : '\0';
        at += sign == '-' ? 1 : 0;
        if (string.CompareOrdinal(_source, at, "%}", 0, 2) != 0)
            return false;
        int begin = _line;
        Advance(at + 2);
        TrimAfter(sign, removesLineEnd: false);
        for (int open = _source.IndexOf("{%", _position, StringComparison.Ordinal); open >= 0;
            open = _source.IndexOf("{%", open + 1, StringComparison.Ordinal))
        {
            char before = IsSign(open + 2) ? _source[open + 2] : '\0';
            int word = SkipSpaces(open + (before == '\0' ? 2 : 3));
            if (!IsWordAt(word, "endraw"))
                continue;
            int close = SkipSpaces(word + 6);
            char after = IsSign(close) ? _source[close] : '\0';
            close += after == '\0' ? 0 : 1;
            if (string.CompareOrdinal(_source, close, "%}", 0, 2) != 0)
                continue;
            AddText(TrimBefore(_source[_position..open], '%', before));
            Advance(close + 2);
            TrimAfter(after, removesLineEnd: true);
            return true;
        }

        throw new TemplateSyntaxFault("a raw block is not closed", begin);
    }

    private void ReadTag(char kind)
    {
        bool prints = kind == '{';
        string end = prints ? "}}" : "%}";
        Add(prints ? TokenType.PrintBegin : TokenType.BlockBegin, string.Empty);
        int opened = _line;
        var reader = new ExpressionLexer(_source, _tokens);
        while (true)
        {
            Advance(SkipSpaces(_position));
            if (_position >= _source.Length)
                throw new TemplateSyntaxFault("a tag is not closed", opened);
            char sign = IsSign(_position) ? _source[_position] : '\0';
            int at = sign == '\0' ? _position : _position + 1;
            if (!reader.IsInsideBrackets && (sign != '+' || !prints) && string.CompareOrdinal(_source, at, end, 0, 2) == 0)
            {
                Add(prints ? TokenType.PrintEnd : TokenType.BlockEnd, string.Empty);
                Advance(at + 2);
                TrimAfter(sign, removesLineEnd: !prints);
                return;
            }

            Advance(reader.Read(_position, _line));
        }
    }

    private void TrimAfter(char sign, bool removesLineEnd)
    {
        int end = _position;
        if (sign == '-')
            end = SkipSpaces(end);
        else if (sign != '+' && removesLineEnd && end < _source.Length && _source[end] == '\n')
            end++;
        _startsLine = end > _position && _source[end - 1] == '\n';
        Advance(end);
    }

    private int SkipSpaces(int at)
    {
        while (at < _source.Length && PythonSpace.Is(_source[at]))
            at++;
        return at;
    }

    private bool IsWordAt(int at, string word) =>
        string.CompareOrdinal(_source, at, word, 0, word.Length) == 0
        && (at + word.Length >= _source.Length || !char.IsLetterOrDigit(_source[at + word.Length]));

    private bool IsSign(int at) => at < _source.Length && (_source[at] is '-' or '+');

    private void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenType.Text, text);
    }

    private void Add(TokenType type, string value) => _tokens.Add(new TemplateToken(type, value, _line));

    private void Advance(int to)
    {
        _line += _source.AsSpan(_position, to - _position).Count('\n');
        _position = to;
    }
}
