using System.Globalization;
using System.Numerics;
using CoLlm.Inference.ChatTemplates.Syntax;

namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>Parses what operators stand between: literals, names, and what follows them (members, calls, filters, tests).</summary>
internal sealed class OperandParser(TokenStream tokens, ExpressionParser expressions, SpecialNames names)
{
    public Expression ParsePrimary()
    {
        TemplateToken token = tokens.Take();
        switch (token.Type)
        {
            case TokenType.Name:
                names.Read(token.Value);
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
        Expression value = expressions.ParseTuple();
        tokens.ExpectOperator(")");
        return value;
    }

    private List<Expression> ParseItems(string close)
    {
        List<Expression> items = [];
        while (!tokens.TakeIfOperator(close))
        {
            items.Add(expressions.Parse());
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
            Expression key = expressions.Parse();
            tokens.ExpectOperator(":");
            items.Add((key, expressions.Parse()));
            if (!tokens.Current.IsOperator("}"))
                tokens.ExpectOperator(",");
        }

        return new DictLiteral(line, items);
    }

    public Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            TemplateToken token = tokens.Current;
            if (tokens.TakeIfOperator("."))
                value = ParseMember(value, token.Line);
            else if (tokens.TakeIfOperator("["))
                value = ParseSubscript(value, token.Line);
            else if (tokens.TakeIfOperator("("))
                value = new Call(token.Line, value, expressions.ParseArguments());
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
        Expression? start = tokens.Current.IsOperator(":") ? null : expressions.ParseTuple();
        if (!tokens.TakeIfOperator(":"))
        {
            tokens.ExpectOperator("]");
            return new Subscript(line, target, start!);
        }

        Expression? stop = tokens.Current.IsOperator(":") || tokens.Current.IsOperator("]") ? null : expressions.Parse();
        Expression? step = tokens.TakeIfOperator(":") && !tokens.Current.IsOperator("]") ? expressions.Parse() : null;
        tokens.ExpectOperator("]");
        return new Slice(line, target, start, stop, step);
    }

    public Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            TemplateToken token = tokens.Current;
            if (tokens.TakeIfOperator("|"))
                value = ParseFilter(value);
            else if (tokens.TakeIfName("is"))
                value = ParseTest(value, token.Line);
            else if (tokens.TakeIfOperator("("))
                value = new Call(token.Line, value, expressions.ParseArguments());
            else
                return value;
        }
    }

    public FilterCall ParseFilter(Expression? target)
    {
        TemplateToken name = tokens.Expect(TokenType.Name, "the name of a filter");
        return new FilterCall(name.Line, target, name.Value, tokens.TakeIfOperator("(") ? expressions.ParseArguments() : ArgumentList.Empty);
    }

    private Expression ParseTest(Expression target, int line)
    {
        bool isNegated = tokens.TakeIfName("not");
        TemplateToken name = tokens.Expect(TokenType.Name, "the name of a test");
        ArgumentList arguments = ArgumentList.Empty;
        if (tokens.TakeIfOperator("("))
        {
            arguments = expressions.ParseArguments();
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
