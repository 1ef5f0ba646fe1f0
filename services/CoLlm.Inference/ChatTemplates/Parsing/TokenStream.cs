namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>The tokens of a template with the parser's place in them.</summary>
internal sealed class TokenStream(List<TemplateToken> tokens)
{
    /// <summary>Deepest nesting of expressions and blocks: the parser and the interpreter recurse with it.</summary>
    private const int MaxNesting = 200;

    private int _position;
    private int _nesting;

    public TemplateToken Current => tokens[_position];

    public TemplateToken Following => tokens[Math.Min(_position + 1, tokens.Count - 1)];

    public TemplateToken Take()
    {
        TemplateToken token = Current;
        if (_position < tokens.Count - 1)
            _position++;
        return token;
    }

    public bool TakeIf(TokenType type)
    {
        bool matches = Current.Type == type;
        if (matches)
            Take();
        return matches;
    }

    public bool TakeIfOperator(string value)
    {
        bool matches = Current.IsOperator(value);
        if (matches)
            Take();
        return matches;
    }

    public bool TakeIfName(string value)
    {
        bool matches = Current.IsName(value);
        if (matches)
            Take();
        return matches;
    }

    public TemplateToken Expect(TokenType type, string what) => Current.Type == type ? Take() : throw Unexpected(what);

    public void ExpectOperator(string value)
    {
        if (!TakeIfOperator(value))
            throw Unexpected($"'{value}'");
    }

    public TemplateSyntaxFault Unexpected(string wanted) => new($"expected {wanted}, found {Current}", Current.Line);

    /// <summary>Parses something that may contain its like.</summary>
    public T Nested<T>(Func<T> parse)
    {
        if (++_nesting > MaxNesting)
            throw new TemplateSyntaxFault($"expressions or blocks are nested deeper than the bound of {MaxNesting}", Current.Line);
        T result = parse();
        _nesting--;
        return result;
    }
}
