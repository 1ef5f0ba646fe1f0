using System.Globalization;
using System.Numerics;
using CoLlm.Inference.ChatTemplates.Syntax;

namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>Parses expressions, one method per level of precedence, the loosest first.</summary>
internal sealed class ExpressionParser(TokenStream tokens)
{
    /// <summary>An expression; without <paramref name="withCondition"/>, one that no <c>if</c> belongs to.</summary>
    public Expression Parse(bool withCondition = true) => tokens.Nested<Expression>(withCondition ? ParseConditional : ParseOr);

    /// <summary>One expression, or several with commas between them, which make a tuple.</summary>
    public Expression ParseTuple(bool withCondition = true)
    {
        int line = tokens.Current.Line;
        Expression first = Parse(withCondition);
        if (!tokens.Current.IsOperator(","))
            return first;
        List<Expression> items = [first];
        while (tokens.TakeIfOperator(",") && BeginsExpression())
            items.Add(Parse(withCondition));
        return new ListLiteral(line, items, isTuple: true);
    }

    /// <summary>The arguments of a call, up to and with the closing parenthesis; the opening one is taken.</summary>
    public ArgumentList ParseArguments()
    {
        var arguments = new ArgumentList();
        while (!tokens.TakeIfOperator(")"))
        {
            if (tokens.TakeIfOperator("**"))
                arguments.NamedSpread = Parse();
            else if (tokens.TakeIfOperator("*"))
                arguments.Spread = Parse();
            else if (tokens.Current.Type == TokenType.Name && tokens.Following.IsOperator("="))
                arguments.Named.Add((TakeKeyword(), Parse()));
            else if (arguments.Named.Count == 0 && arguments.NamedSpread is null)
                arguments.Positional.Add(Parse());
            else
                throw tokens.Unexpected("a named argument");
            if (!tokens.Current.IsOperator(")"))
                tokens.ExpectOperator(",");
        }

        return arguments;
    }

    /// <summary>The filters that follow a value, each after a bar.</summary>
    public List<FilterCall> ParseFilters(bool firstHasBar)
    {
        List<FilterCall> filters = [];
        if (!firstHasBar)
            filters.Add(ParseFilter(null));
        while (tokens.TakeIfOperator("|"))
            filters.Add(ParseFilter(null));
        return filters;
    }

    private string TakeKeyword()
    {
        string name = tokens.Take().Value;
        tokens.Take();
        return name;
    }

    private bool BeginsExpression() => tokens.Current switch
    {
        { Type: TokenType.PrintEnd or TokenType.BlockEnd or TokenType.End } => false,
        { Type: TokenType.Operator, Value: ")" or "]" or "}" or "=" } => false,
        { Type: TokenType.Name, Value: "in" or "if" or "recursive" } => false,
        _ => true,
    };

    private Expression ParseConditional()
    {
        Expression value = ParseOr();
        while (tokens.Current.IsName("if"))
        {
            int line = tokens.Take().Line;
            Expression condition = ParseOr();
            Expression? otherwise = tokens.TakeIfName("else") ? Parse() : null;
            value = new Conditional(line, condition, value, otherwise);
        }

        return value;
    }

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (tokens.Current.IsName("or"))
            left = new Logical(tokens.Take().Line, isAnd: false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (tokens.Current.IsName("and"))
            left = new Logical(tokens.Take().Line, isAnd: true, left, ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        if (!tokens.Current.IsName("not"))
            return ParseComparison();
        int line = tokens.Take().Line;
        return new Negation(line, tokens.Nested(ParseNot));
    }

    private Expression ParseComparison()
    {
        int line = tokens.Current.Line;
        Expression first = ParseSum();
        List<(string, Expression)> rest = [];
        while (TakeComparison() is { } symbol)
            rest.Add((symbol, ParseSum()));
        return rest.Count == 0 ? first : new Comparison(line, first, rest);
    }

    private string? TakeComparison()
    {
        if (tokens.Current is { Type: TokenType.Operator, Value: "==" or "!=" or "<" or "<=" or ">" or ">=" })
            return tokens.Take().Value;
        if (tokens.TakeIfName("in"))
            return "in";
        if (!tokens.Current.IsName("not") || !tokens.Following.IsName("in"))
            return null;
        tokens.Take();
        tokens.Take();
        return "not in";
    }

    private Expression ParseSum() => ParseBinary(ParseConcatenation, "+", "-");

    private Expression ParseConcatenation()
    {
        int line = tokens.Current.Line;
        List<Expression> parts = [ParseProduct()];
        while (tokens.TakeIfOperator("~"))
            parts.Add(ParseProduct());
        return parts.Count == 1 ? parts[0] : new Concatenation(line, parts);
    }

    private Expression ParseProduct() => ParseBinary(ParsePower, "*", "/", "//", "%");

    private Expression ParsePower() => ParseBinary(() => ParseUnary(withFilters: true), "**");

    private Expression ParseBinary(Func<Expression> operand, params ReadOnlySpan<string> symbols)
    {
        Expression left = operand();
        while (tokens.Current.Type == TokenType.Operator && symbols.Contains(tokens.Current.Value))
        {
            TemplateToken symbol = tokens.Take();
            left = new Binary(symbol.Line, symbol.Value, left, operand());
        }

        return left;
    }

    private Expression ParseUnary(bool withFilters)
    {
        TemplateToken token = tokens.Current;
        Expression value;
        if (token.IsOperator("-") || token.IsOperator("+"))
        {
            tokens.Take();
            value = new Sign(token.Line, token.Value == "-", tokens.Nested(() => ParseUnary(withFilters: false)));
        }
        else
        {
            value = ParsePrimary();
        }

        value = ParsePostfix(value);
        return withFilters ? ParseFiltersAndTests(value) : value;
    }

    private Expression ParsePrimary()
    {
        TemplateToken token = tokens.Take();
        switch (token.Type)
        {
            case TokenType.Name:
                return token.Value switch
                {
                    "true" or "True" => new Constant(token.Line, true),
                    "false" or "False" => new Constant(token.Line, false),
                    "none" or "None" => new Constant(token.Line, null),
                    _ => new Variable(token.Line, token.Value),
                };
            case TokenType.String:
                string text = token.Value;
                while (tokens.Current.Type == TokenType.String)
                    text += tokens.Take().Value;
                return new Constant(token.Line, text);
            case TokenType.Integer:
                return new Constant(token.Line, Integer(token));
            case TokenType.Float:
                return new Constant(token.Line, double.Parse(token.Value, CultureInfo.InvariantCulture));
            case TokenType.Operator when token.Value == "(":
                return ParseParenthesized(token.Line);
            case TokenType.Operator when token.Value == "[":
                return new ListLiteral(token.Line, ParseItems("]"), isTuple: false);
            case TokenType.Operator when token.Value == "{":
                return ParseDict(token.Line);
            default:
                throw new TemplateSyntaxFault($"expected an expression, found {token}", token.Line);
        }
    }

    private static object Integer(TemplateToken token)
    {
        if (long.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            return number;
        const int MaxDigits = 4300;
        return token.Value.Length <= MaxDigits
            ? BigInteger.Parse(token.Value, CultureInfo.InvariantCulture)
            : throw new TemplateSyntaxFault($"a number has more than {MaxDigits} digits", token.Line);
    }

    private Expression ParseParenthesized(int line)
    {
        if (tokens.TakeIfOperator(")"))
            return new ListLiteral(line, [], isTuple: true);
        Expression value = ParseTuple();
        tokens.ExpectOperator(")");
        return value;
    }

    private List<Expression> ParseItems(string close)
    {
        List<Expression> items = [];
        while (!tokens.TakeIfOperator(close))
        {
            items.Add(Parse());
            if (!tokens.Current.IsOperator(close))
                tokens.ExpectOperator(",");
        }

        return items;
    }

    private DictLiteral ParseDict(int line)
    {
        List<(Expression, Expression)> items = [];
        while (!tokens.TakeIfOperator("}"))
        {
            Expression key = Parse();
            tokens.ExpectOperator(":");
            items.Add((key, Parse()));
            if (!tokens.Current.IsOperator("}"))
                tokens.ExpectOperator(",");
        }

        return new DictLiteral(line, items);
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            TemplateToken token = tokens.Current;
            if (tokens.TakeIfOperator("."))
                value = ParseMember(value, token.Line);
            else if (tokens.TakeIfOperator("["))
                value = ParseSubscript(value, token.Line);
            else if (tokens.TakeIfOperator("("))
                value = new Call(token.Line, value, ParseArguments());
            else
                return value;
        }
    }

    private Expression ParseMember(Expression target, int line)
    {
        if (tokens.Current.Type == TokenType.Integer)
            return new Subscript(line, target, new Constant(line, Integer(tokens.Take())));
        return new Member(line, target, tokens.Expect(TokenType.Name, "a name after '.'").Value);
    }

    private Expression ParseSubscript(Expression target, int line)
    {
        Expression? start = tokens.Current.IsOperator(":") ? null : ParseTuple();
        if (!tokens.TakeIfOperator(":"))
        {
            tokens.ExpectOperator("]");
            return new Subscript(line, target, start!);
        }

        Expression? stop = tokens.Current.IsOperator(":") || tokens.Current.IsOperator("]") ? null : Parse();
        Expression? step = tokens.TakeIfOperator(":") && !tokens.Current.IsOperator("]") ? Parse() : null;
        tokens.ExpectOperator("]");
        return new Slice(line, target, start, stop, step);
    }

    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            TemplateToken token = tokens.Current;
            if (tokens.TakeIfOperator("|"))
                value = ParseFilter(value);
            else if (tokens.TakeIfName("is"))
                value = ParseTest(value, token.Line);
            else if (tokens.TakeIfOperator("("))
                value = new Call(token.Line, value, ParseArguments());
            else
                return value;
        }
    }

    private FilterCall ParseFilter(Expression? target)
    {
        TemplateToken name = tokens.Expect(TokenType.Name, "the name of a filter");
        return new FilterCall(name.Line, target, name.Value, tokens.TakeIfOperator("(") ? ParseArguments() : ArgumentList.Empty);
    }

    private Expression ParseTest(Expression target, int line)
    {
        bool isNegated = tokens.TakeIfName("not");
        TemplateToken name = tokens.Expect(TokenType.Name, "the name of a test");
        ArgumentList arguments = ArgumentList.Empty;
        if (tokens.TakeIfOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (BeginsTestArgument())
        {
            arguments = new ArgumentList();
            arguments.Positional.Add(ParsePostfix(ParsePrimary()));
        }

        Expression test = new TestCall(line, target, name.Value, arguments);
        return isNegated ? new Negation(line, test) : test;
    }

    private bool BeginsTestArgument() => tokens.Current switch
    {
        { Type: TokenType.String or TokenType.Integer or TokenType.Float } => true,
        { Type: TokenType.Operator, Value: "[" or "{" } => true,
        { Type: TokenType.Name, Value: "else" or "or" or "and" or "if" or "in" or "not" or "is" } => false,
        { Type: TokenType.Name } => true,
        _ => false,
    };
}
