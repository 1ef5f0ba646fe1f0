using CoLlm.Inference.ChatTemplates.Syntax;

namespace CoLlm.Inference.ChatTemplates.Parsing;

/// <summary>Parses text and statements.</summary>
internal sealed class TemplateParser
{
    private readonly TokenStream _tokens;
    private readonly SpecialNames _names = new();
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(TokenStream tokens)
    {
        _tokens = tokens;
        _expressions = new ExpressionParser(tokens, _names);
    }

    /// <exception cref="TemplateSyntaxFault">The template is malformed.</exception>
    public static List<Statement> Parse(string source)
    {
        var parser = new TemplateParser(new TokenStream(TemplateLexer.Read(source)));
        return parser.ParseBody(opened: null);
    }

    /// <summary>Statements up to a tag with one of the names in <paramref name="ends"/>, which is left for the caller.</summary>
    private List<Statement> ParseBody(TemplateToken? opened, params string[] ends) => _tokens.Nested(() =>
    {
        List<Statement> body = [];
        while (true)
        {
            TemplateToken token = _tokens.Current;
            switch (token.Type)
            {
                case TokenType.End when opened is { } open:
                    throw new TemplateSyntaxFault($"'{open.Value}' is not closed", open.Line);
                case TokenType.End:
                    return body;
                case TokenType.Text:
                    body.Add(new TextStatement(token.Line, _tokens.Take().Value));
                    break;
                case TokenType.PrintBegin:
                    _tokens.Take();
                    body.Add(new PrintStatement(token.Line, _expressions.ParseTuple()));
                    _tokens.Expect(TokenType.PrintEnd, "the end of the tag");
                    break;
                case TokenType.BlockBegin when Array.Exists(ends, _tokens.Following.IsName):
                    return body;
                default:
                    _tokens.Take();
                    body.Add(ParseStatement(_tokens.Expect(TokenType.Name, "the name of a statement")));
                    break;
            }
        }
    });

    private Statement ParseStatement(TemplateToken name)
    {
        switch (name.Value)
        {
            case "if":
                return ParseIf(name);
            case "for":
                return ParseFor(name);
            case "set":
                return ParseSet(name);
            case "macro":
                return ParseMacro(name);
            case "call":
                return ParseCall(name);
            case "filter":
                List<FilterCall> filters = _expressions.ParseFilters(firstHasBar: false);
                return new FilterStatement(name.Line, filters, ParseBlock(name, "endfilter"));
            case "generation":
                return new BlockStatement(name.Line, null, ParseBlock(name, "endgeneration"));
            case "with":
                return ParseWith(name);
            case "break" or "continue" when _loops > 0:
                EndTag();
                return new JumpStatement(name.Line, name.Value == "break" ? Flow.Break : Flow.Continue);
            case "break" or "continue":
                throw new TemplateSyntaxFault($"'{name.Value}' stands outside a loop", name.Line);
            default:
                throw new TemplateSyntaxFault($"the statement '{name.Value}' is unknown, unsupported or out of place", name.Line);
        }
    }

    /// <summary>The rest of the opening tag's end, the body and the closing tag.</summary>
    private List<Statement> ParseBlock(TemplateToken opened, string end)
    {
        EndTag();
        List<Statement> body = ParseBody(opened, end);
        TakeTag();
        EndTag();
        return body;
    }

    private IfStatement ParseIf(TemplateToken opened)
    {
        List<(Expression?, List<Statement>)> branches = [];
        Expression? condition = _expressions.ParseTuple();
        while (true)
        {
            EndTag();
            branches.Add((condition, ParseBody(opened, condition is null ? ["endif"] : ["elif", "else", "endif"])));
            string tag = TakeTag();
            if (tag == "endif")
                break;
            condition = tag == "elif" ? _expressions.ParseTuple() : null;
        }

        EndTag();
        return new IfStatement(opened.Line, branches);
    }

    private ForStatement ParseFor(TemplateToken opened)
    {
        AssignmentTarget target = ParseTarget(allowsNamespace: false);
        if (!_tokens.TakeIfName("in"))
            throw _tokens.Unexpected("'in'");
        Expression items = _expressions.ParseTuple(withCondition: false);
        Expression? condition = _tokens.TakeIfName("if") ? _expressions.Parse() : null;
        bool isRecursive = _tokens.TakeIfName("recursive");
        EndTag();
        _loops++;
        List<Statement> body = ParseBody(opened, "else", "endfor");
        _loops--;
        List<Statement> otherwise = [];
        if (TakeTag() == "else")
        {
            EndTag();
            otherwise = ParseBody(opened, "endfor");
            TakeTag();
        }

        EndTag();
        return new ForStatement(opened.Line, target, items, condition, body, otherwise, isRecursive);
    }

    private Statement ParseSet(TemplateToken opened)
    {
        AssignmentTarget target = ParseTarget(allowsNamespace: true);
        if (_tokens.TakeIfOperator("="))
        {
            Expression value = _expressions.ParseTuple();
            EndTag();
            return new SetStatement(opened.Line, target, value);
        }

        List<FilterCall> filters = _expressions.ParseFilters(firstHasBar: true);
        return new SetBlockStatement(opened.Line, target, filters, ParseBlock(opened, "endset"));
    }

    private MacroStatement ParseMacro(TemplateToken opened)
    {
        string name = _tokens.Expect(TokenType.Name, "the name of the macro").Value;
        _names.Assign(name);
        _tokens.ExpectOperator("(");
        return ParseMacroBody(opened, name, ParseParameters(), "endmacro");
    }

    private CallStatement ParseCall(TemplateToken opened)
    {
        List<(string, Expression?)> parameters = _tokens.TakeIfOperator("(") ? ParseParameters() : [];
        if (_expressions.Parse() is not Call call)
            throw new TemplateSyntaxFault("'call' needs a call", opened.Line);
        return new CallStatement(opened.Line, ParseMacroBody(opened, null, parameters, "endcall"), call);
    }

    private MacroStatement ParseMacroBody(TemplateToken opened, string? name, List<(string Name, Expression? Default)> parameters, string end)
    {
        // Loops around it do not reach into it.
        int loops = _loops;
        _loops = 0;
        _names.Open();
        List<Statement> body = ParseBlock(opened, end);
        MacroCatches catches = _names.Close(parameters.Select(parameter => parameter.Name));
        _loops = loops;
        if (catches.Caller && parameters.Exists(parameter => parameter is { Name: "caller", Default: null }))
            throw new TemplateSyntaxFault("the parameter 'caller' must be omitted or be given a default", opened.Line);
        return new MacroStatement(opened.Line, name, parameters, body, catches);
    }

    private List<(string Name, Expression? Default)> ParseParameters()
    {
        List<(string Name, Expression? Default)> parameters = [];
        while (!_tokens.TakeIfOperator(")"))
        {
            string name = _tokens.Expect(TokenType.Name, "the name of a parameter").Value;
            if (parameters.Exists(parameter => parameter.Name == name))
                throw new TemplateSyntaxFault($"the parameter '{name}' is there twice", _tokens.Current.Line);
            _names.Assign(name);
            Expression? otherwise = _tokens.TakeIfOperator("=") ? _expressions.Parse() : null;
            if (otherwise is null && parameters is [.., (_, not null)])
                throw new TemplateSyntaxFault("a parameter without a default follows one with a default", _tokens.Current.Line);
            parameters.Add((name, otherwise));
            if (!_tokens.Current.IsOperator(")"))
                _tokens.ExpectOperator(",");
        }

        return parameters;
    }

    private BlockStatement ParseWith(TemplateToken opened)
    {
        List<(AssignmentTarget, Expression)> names = [];
        while (_tokens.Current.Type != TokenType.BlockEnd)
        {
            AssignmentTarget target = ParseSingleTarget(allowsNamespace: false);
            _tokens.ExpectOperator("=");
            names.Add((target, _expressions.Parse()));
            if (_tokens.Current.Type != TokenType.BlockEnd)
                _tokens.ExpectOperator(",");
        }

        return new BlockStatement(opened.Line, names, ParseBlock(opened, "endwith"));
    }

    private AssignmentTarget ParseTarget(bool allowsNamespace)
    {
        AssignmentTarget first = ParseSingleTarget(allowsNamespace);
        if (!_tokens.Current.IsOperator(","))
            return first;
        List<AssignmentTarget> targets = [first];
        while (_tokens.TakeIfOperator(",") && (_tokens.Current.Type == TokenType.Name || _tokens.Current.IsOperator("(")))
            targets.Add(ParseSingleTarget(allowsNamespace: false));
        return new TupleTarget(targets);
    }

    private AssignmentTarget ParseSingleTarget(bool allowsNamespace)
    {
        if (_tokens.TakeIfOperator("("))
        {
            AssignmentTarget inner = _tokens.Nested(() => ParseTarget(allowsNamespace: false));
            _tokens.ExpectOperator(")");
            return inner;
        }

        string name = _tokens.Expect(TokenType.Name, "a name to assign to").Value;
        if (allowsNamespace && _tokens.TakeIfOperator("."))
            return new NamespaceTarget(name, _tokens.Expect(TokenType.Name, "a name after '.'").Value);
        _names.Assign(name);
        return new NameTarget(name);
    }

    /// <summary>Takes the start of a closing or middle tag; returns its name.</summary>
    private string TakeTag()
    {
        _tokens.Take();
        return _tokens.Take().Value;
    }

    private void EndTag() => _tokens.Expect(TokenType.BlockEnd, "the end of the tag");
}
