using CoLlm.Inference.ChatTemplates.Syntax;

namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>Parses expressions, one method per level of precedence, the loosest first.</summary>
internal sealed class ExpressionParser
{
    private readonly TokenStream _tokens;
    private readonly OperandParser _operands;

    public ExpressionParser(TokenStream stream, SpecialNames names)
    {
        _tokens = stream;
        _operands = new OperandParser(stream, this, names);
    }

    /// <summary>An expression; without <paramref name="withCondition"/>, one that no <c>if</c> belongs to.</summary>
    public Expression Parse(bool withCondition = true) => _tokens.Nested<Expression>(withCondition ? ParseConditional : ParseOr);

    /// <summary>One expression, or several with commas between them, which make a tuple.</summary>
    public Expression ParseTuple(bool withCondition = true)
    {
        int line = _tokens.Current.Line;
        Expression first = Parse(withCondition);
        if (!_tokens.Current.IsOperator(","))
            return first;
        List<Expression> items = [first];
        while (_tokens.TakeIfOperator(",") && BeginsExpression())
            items.Add(Parse(withCondition));
        return new ListLiteral(line, items, isTuple: true);
    }

    /// <summary>The arguments of a call, up to and with the closing parenthesis; the opening one is taken.</summary>
    public ArgumentList ParseArguments()
    {
        var arguments = new ArgumentList();
        while (!_tokens.TakeIfOperator(")"))
        {
            if (_tokens.TakeIfOperator("**"))
                arguments.NamedSpread = Parse();
            else if (_tokens.TakeIfOperator("*"))
                arguments.Spread = Parse();
            else if (_tokens.Current.Type == TokenType.Name && _tokens.Following.IsOperator("="))
                arguments.Named.Add((TakeKeyword(), Parse()));
            else if (arguments.Named.Count == 0 && arguments.NamedSpread is null)
                arguments.Positional.Add(Parse());
            else
                throw _tokens.Unexpected("a named argument");
            if (!_tokens.Current.IsOperator(")"))
                _tokens.ExpectOperator(",");
        }

        return arguments;
    }

    /// <summary>The filters that follow a value, each after a bar.</summary>
    public List<FilterCall> ParseFilters(bool firstHasBar)
    {
        List<FilterCall> filters = [];
        if (!firstHasBar)
            filters.Add(_operands.ParseFilter(null));
        while (_tokens.TakeIfOperator("|"))
            filters.Add(_operands.ParseFilter(null));
        return filters;
    }

    private string TakeKeyword()
    {
        string name = _tokens.Take().Value;
        _tokens.Take();
        return name;
    }

    private bool BeginsExpression() => _tokens.Current switch
    {
        { Type: TokenType.PrintEnd or TokenType.BlockEnd or TokenType.End } => false,
        { Type: TokenType.Operator, Value: ")" or "]" or "}" or "=" } => false,
        { Type: TokenType.Name, Value: "in" or "if" or "recursive" } => false,
        _ => true,
    };

    private Expression ParseConditional()
    {
        Expression value = ParseOr();
        while (_tokens.Current.IsName("if"))
        {
            int line = _tokens.Take().Line;
            Expression condition = ParseOr();
            Expression? otherwise = _tokens.TakeIfName("else") ? Parse() : null;
            value = new Conditional(line, condition, value, otherwise);
        }

        return value;
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (_tokens.Current.IsName("or"))
            left = new Logical(_tokens.Take().Line, isAnd: false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (_tokens.Current.IsName("and"))
            left = new Logical(_tokens.Take().Line, isAnd: true, left, ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        if (!_tokens.Current.IsName("not"))
            return ParseComparison();
        int line = _tokens.Take().Line;
        return new Negation(line, _tokens.Nested(ParseNot));
    }

    private Expression ParseComparison()
    {
        int line = _tokens.Current.Line;
        Expression first = ParseSum();
        List<(string, Expression)> rest = [];
        while (TakeComparison() is { } symbol)
            rest.Add((symbol, ParseSum()));
        return rest.Count == 0 ? first : new Comparison(line, first, rest);
    }

    private string? TakeComparison()
    {
        if (_tokens.Current is { Type: TokenType.Operator, Value: "==" or "!=" or "<" or "<=" or ">" or ">=" })
            return _tokens.Take().Value;
        if (_tokens.TakeIfName("in"))
            return "in";
        if (!_tokens.Current.IsName("not") || !_tokens.Following.IsName("in"))
            return null;
        _tokens.Take();
        _tokens.Take();
        return "not in";
    }

    private Expression ParseSum() => ParseBinary(ParseConcatenation, "+", "-");

    private Expression ParseConcatenation()
    {
        int line = _tokens.Current.Line;
        List<Expression> parts = [ParseProduct()];
        while (_tokens.TakeIfOperator("~"))
            parts.Add(ParseProduct());
        return parts.Count == 1 ? parts[0] : new Concatenation(line, parts);
    }

    private Expression ParseProduct() => ParseBinary(ParsePower, "*", "/", "//", "%");

    private Expression ParsePower() => ParseBinary(() => ParseUnary(withFilters: true), "**");

    private Expression ParseBinary(Func<Expression> operand, params ReadOnlySpan<string> symbols)
    {
        Expression left = operand();
        while (_tokens.Current.Type == TokenType.Operator && symbols.Contains(_tokens.Current.Value))
        {
            TemplateToken symbol = _tokens.Take();
            left = new Binary(symbol.Line, symbol.Value, left, operand());
        }

        return left;
    }

    private Expression ParseUnary(bool withFilters)
    {
        TemplateToken token = _tokens.Current;
        Expression value;
        if (token.IsOperator("-") || token.IsOperator("+"))
        {
            _tokens.Take();
            value = new Sign(token.Line, token.Value == "-", _tokens.Nested(() => ParseUnary(withFilters: false)));
        }
        else
        {
            value = _operands.ParsePrimary();
        }

        value = _operands.ParsePostfix(value);
        return withFilters ? _operands.ParseFiltersAndTests(value) : value;
    }
}
