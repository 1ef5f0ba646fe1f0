using CoLlm.Inference.ChatTemplates.Values;

namespace CoLlm.Inference.ChatTemplates.Syntax;

/// <summary><c>a and b</c>, <c>a or b</c>: the value of the side that decides.</summary>
internal sealed class Logical(int line, bool isAnd, Expression left, Expression right) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? value = left.Evaluate(context);
        return Python.IsTrue(value) == isAnd ? right.Evaluate(context) : value;
    }
}

/// <summary><c>not a</c></summary>
internal sealed class Negation(int line, Expression operand) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context) => !Python.IsTrue(operand.Evaluate(context));
}

/// <summary><c>-a</c>, <c>+a</c></summary>
internal sealed class Sign(int line, bool isMinus, Expression operand) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context) => operand.Evaluate(context) is var value && value is double number
        ? isMinus ? -number : number
        : Arithmetic.Binary(context, isMinus ? "-" : "+", 0L, value);
}

/// <summary><c>a + b</c> and the other operators of arithmetic.</summary>
internal sealed class Binary(int line, string symbol, Expression left, Expression right) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? first = left.Evaluate(context);
        object? second = right.Evaluate(context);
        context.Line = Line;
        return Arithmetic.Binary(context, symbol, first, second);
    }
}

/// <summary><c>a ~ b ~ c</c>: the texts of the values, joined.</summary>
internal sealed class Concatenation(int line, List<Expression> parts) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        string[] texts = [.. parts.Select(part => PythonText.Str(context, part.Evaluate(context)))];
        long length = texts.Sum(text => (long)text.Length);
        context.CheckSize(length);
        context.Work(length);
        return string.Concat(texts);
    }
}

/// <summary><c>a &lt; b &lt;= c</c>: true when every neighbouring pair compares so; stops at the first that does not.</summary>
internal sealed class Comparison(int line, Expression first, List<(string Symbol, Expression Operand)> rest) : Expression(line)
{
    protected override object? EvaluateCore(RenderContext context)
    {
        object? left = first.Evaluate(context);
        foreach ((string symbol, Expression operand) in rest)
        {
            object? right = operand.Evaluate(context);
            context.Line = Line;
            if (!Holds(context, symbol, left, right))
                return false;
            left = right;
        }

        return true;
    }

    public static bool Holds(RenderContext context, string symbol, object? left, object? right) => symbol switch
    {
        "==" => Python.AreEqual(context, left, right),
        "!=" => !Python.AreEqual(context, left, right),
        "in" => Python.Contains(context, right, left),
        "not in" => !Python.Contains(context, right, left),
        "<" => Python.Compare(context, left, right, symbol) < 0,
        "<=" => Python.Compare(context, left, right, symbol) <= 0,
        ">" => Python.Compare(context, left, right, symbol) > 0,
        _ => Python.Compare(context, left, right, symbol) >= 0,
    };
}
