using System.Numerics;
using System.Text;
using CoLlm.Inference.ChatTemplates.Builtins;

namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Python's operators on numbers, texts and lists. Integers have 64 bits; what does not fit is a fault, never a wrong number.</summary>
internal static class Arithmetic
{
    public static object? Binary(RenderContext context, string symbol, object? left, object? right)
    {
        if (left is UndefinedValue first)
            throw first.Fault();
        if (right is UndefinedValue second)
            throw second.Fault();
        if (symbol == "%" && left is string format)
        {
            return context.IsMarkup(format)
                ? context.AsMarkup(Formatting.PercentFormat.Format(context, format, Markup.Inserted(context, right)))
                : Formatting.PercentFormat.Format(context, format, right);
        }

        if (Python.IsNumber(left) && Python.IsNumber(right))
            return Numbers(symbol, left!, right!);
        switch (symbol, left, right)
        {
            case ("+", string a, string b):
                context.CheckSize((long)a.Length + b.Length);
                context.Work(a.Length + b.Length);
                return context.IsMarkup(a) || context.IsMarkup(b)
                    ? context.AsMarkup(Markup.Escaped(context, a) + Markup.Escaped(context, b))
                    : a + b;
            case ("+", string, _):
                throw new TemplateFault($"can only concatenate str (not \"{PythonType.NameOf(right)}\") to str");
            case ("+", TemplateList a, TemplateList b) when a.IsTuple == b.IsTuple:
                context.CheckSize((long)a.Items.Count + b.Items.Count);
                context.Work(a.Items.Count + b.Items.Count);
                return new TemplateList([.. a.Items, .. b.Items], a.IsTuple);
            case ("*", string text, long or bool):
                return Markup.Keep(context, text, Repeat(context, text, Python.AsInteger(right, "a count")));
            case ("*", long or bool, string text):
                return Markup.Keep(context, text, Repeat(context, text, Python.AsInteger(left, "a count")));
            case ("*", TemplateList list, long or bool):
                return Repeat(context, list, Python.AsInteger(right, "a count"));
            case ("*", long or bool, TemplateList list):
                return Repeat(context, list, Python.AsInteger(left, "a count"));
            default:
                throw new TemplateFault(
                    $"unsupported operand type(s) for {symbol}: '{PythonType.NameOf(left)}' and '{PythonType.NameOf(right)}'");
        }
    }

    private static object Numbers(string symbol, object left, object right)
    {
        if (left is BigInteger || right is BigInteger)
            throw new TemplateFault("integers of more than 64 bits can be printed but not calculated with");
        bool isFloat = left is double || right is double || symbol == "/";
        try
        {
            return isFloat
                ? Floats(symbol, Python.ToDouble(left), Python.ToDouble(right))
                : Integers(symbol, Python.AsInteger(left, "an operand"), Python.AsInteger(right, "an operand"));
        }
        catch (OverflowException)
        {
            throw new TemplateFault($"the result of {symbol} does not fit into 64 bits");
        }
    }

    private static object Integers(string symbol, long a, long b)
    {
        switch (symbol)
        {
            case "+":
                return checked(a + b);
            case "-":
                return checked(a - b);
            case "*":
                return checked(a * b);
            case "//":
            case "%":
                if (b == 0)
                    throw new TemplateFault("integer division or modulo by zero");
                long remainder = b == -1 ? 0 : a % b;
                bool adjusts = remainder != 0 && (remainder < 0) != (b < 0);
                return symbol == "%" ? adjusts ? remainder + b : remainder : checked(a / b) - (adjusts ? 1 : 0);
            default:
                return b < 0 ? Math.Pow(a, b) : (object)Power(a, b);
        }
    }

    private static long Power(long a, long exponent)
    {
        const int MostBits = 64;
        if (exponent > MostBits && a is not (0 or 1 or -1))
            throw new OverflowException();
        long effective = a is 0 or 1 or -1 && exponent > 2 ? 2 - (exponent % 2 == 0 ? 0 : 1) : exponent;
        return checked((long)BigInteger.Pow(a, (int)effective));
    }

    private static double Floats(string symbol, double a, double b)
    {
        if (b == 0 && symbol is "/" or "//" or "%")
            throw new TemplateFault(symbol == "/" ? "division by zero" : "float floor division or modulo by zero");
        return symbol switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "//" => Math.Floor(a / b),
            "%" => a - (b * Math.Floor(a / b)),
            _ => Math.Pow(a, b),
        };
    }

    private static string Repeat(RenderContext context, string text, long count)
    {
        if (count <= 0 || text.Length == 0)
            return string.Empty;
        long length = Math.Min(count, int.MaxValue) * text.Length;
        context.CheckSize(length);
        context.Work(length);
        return new StringBuilder((int)length).Insert(0, text, (int)count).ToString();
    }

    private static TemplateList Repeat(RenderContext context, TemplateList list, long count)
    {
        if (count <= 0 || list.Items.Count == 0)
            return new TemplateList([], list.IsTuple);
        long length = Math.Min(count, int.MaxValue) * list.Items.Count;
        context.CheckSize(length);
        context.Work(length);
        return new TemplateList([.. Enumerable.Repeat(list.Items, (int)count).SelectMany(items => items)], list.IsTuple);
    }
}
