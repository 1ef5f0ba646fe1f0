namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>What the lexer tells apart.</summary>
internal enum TokenType
{
    Text,
    PrintBegin,
    PrintEnd,
    BlockBegin,
    BlockEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}

/// <summary>One token.</summary>
/// <param name="Type">Its kind.</param>
/// <param name="Value">Text for text, names, operators and (unescaped) strings; digits for numbers.</param>
/// <param name="Line">Counted from 1.</param>
internal readonly record struct TemplateToken(TokenType Type, string Value, int Line)
{
    public bool IsOperator(string value) => Type == TokenType.Operator && Value == value;

    public bool IsName(string value) => Type == TokenType.Name && Value == value;

    public override string ToString() => Type switch
    {
        TokenType.End => "the end of the template",
        TokenType.PrintEnd or TokenType.BlockEnd => "the end of the tag",
        TokenType.Text => "text",
        _ => $"'{Value}'",
    };
}
