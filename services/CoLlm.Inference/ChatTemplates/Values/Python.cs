using System.Numerics;
using System.Text;

namespace CoLlm.Inference.ChatTemplates.Values;

/// <summary>Truth, equality, order, membership and iteration, as Python has them.</summary>
internal static class Python
{
    /// <summary>Deepest nesting of lists and dicts that is compared or printed.</summary>
    public const int MaxNesting = 300;

    public static bool IsTrue(object? value) => value switch
    {
        null or UndefinedValue => false,
        bool truth => truth,
        long number => number != 0,
        BigInteger number => !number.IsZero,
        double number => number != 0,
        string text => text.Length > 0,
        TemplateList list => list.Items.Count > 0,
        TemplateDict dict => dict.Count > 0,
        _ => true,
    };

    public static bool AreEqual(RenderContext context, object? left, object? right, int depth = 0)
    {
        context.Work(1);
        CheckNesting(depth);
        if (IsNumber(left) && IsNumber(right))
            return CompareNumbers(left!, right!) == 0;
        return (left, right) switch
        {
            (null, null) => true,
            (UndefinedValue, UndefinedValue) => true,
            (string a, string b) => a == b,
            (TemplateList a, TemplateList b) => a.IsTuple == b.IsTuple
                && a.Items.Count == b.Items.Count
                && a.Items.Zip(b.Items).All(pair => AreEqual(context, pair.First, pair.Second, depth + 1)),
            (TemplateDict a, TemplateDict b) => a.Count == b.Count
                && a.Items.All(item => b.TryGet(item.Key, out object? other) && AreEqual(context, item.Value, other, depth + 1)),
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>Negative, zero or positive; a fault where Python has no order.</summary>
    public static int Compare(RenderContext context, object? left, object? right, string symbol, int depth = 0)
    {
        context.Work(1);
        CheckNesting(depth);
        if (IsNumber(left) && IsNumber(right))
            return CompareNumbers(left!, right!);
        switch (left, right)
        {
            case (UndefinedValue undefined, _):
                throw undefined.Fault();
            case (_, UndefinedValue undefined):
                throw undefined.Fault();
            case (string a, string b):
                return CompareText(a, b);
            case (TemplateList a, TemplateList b) when a.IsTuple == b.IsTuple:
                foreach ((object? first, object? second) in a.Items.Zip(b.Items))
                {
                    if (!AreEqual(context, first, second, depth + 1))
                        return Compare(context, first, second, symbol, depth + 1);
                }

                return a.Items.Count.CompareTo(b.Items.Count);
            default:
                throw new TemplateFault(
                    $"'{symbol}' not supported between instances of '{PythonType.NameOf(left)}' and '{PythonType.NameOf(right)}'");
        }
    }

    /// <summary>As <see cref="Compare"/>; where Python has no order, that of the types' names.</summary>
    public static int CompareAny(RenderContext context, object? left, object? right)
    {
        bool isOrdered = (IsNumber(left) && IsNumber(right)) || (left is string && right is string);
        static string KindOf(object? value) => IsNumber(value) ? "int" : PythonType.NameOf(value);
        return isOrdered ? Compare(context, left, right, "<") : string.CompareOrdinal(KindOf(left), KindOf(right));
    }

    public static bool Contains(RenderContext context, object? container, object? item)
    {
        switch (container)
        {
            case string text when item is string part:
                context.Work(text.Length);
                return text.Contains(part, StringComparison.Ordinal);
            case string:
                throw new TemplateFault($"'in <string>' requires string as left operand, not {PythonType.NameOf(item)}");
            case TemplateDict dict:
                return dict.TryGet(item, out _);
            default:
                return Iterate(container).Any(element => AreEqual(context, element, item));
        }
    }

    /// <summary>What a loop over the value sees; strings give their code points, dicts their keys.</summary>
    public static IEnumerable<object?> Iterate(object? value) => value switch
    {
        TemplateList list => list.Items,
        TemplateDict dict => dict.Keys,
        string text => text.EnumerateRunes().Select(rune => (object?)rune.ToString()),
        UndefinedValue => [],
        _ => throw new TemplateFault($"'{PythonType.NameOf(value)}' object is not iterable"),
    };

    public static long Length(object? value) => value switch
    {
        string text => PythonText.CountCodePoints(text),
        TemplateList list => list.Items.Count,
        TemplateDict dict => dict.Count,
        UndefinedValue => 0,
        _ => throw new TemplateFault($"object of type '{PythonType.NameOf(value)}' has no len()"),
    };

    public static long AsInteger(object? value, string role) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        UndefinedValue undefined => throw undefined.Fault(),
        _ => throw new TemplateFault($"{role} must be an integer, not {PythonType.NameOf(value)}"),
    };

    public static bool IsNumber(object? value) => value is long or double or bool or BigInteger;

    public static void CheckNesting(int depth)
    {
        if (depth > MaxNesting)
            throw new TemplateFault($"a value is nested deeper than the bound of {MaxNesting}");
    }

    public static double ToDouble(object value) => value switch
    {
        double number => number,
        long number => number,
        bool truth => truth ? 1 : 0,
        BigInteger number => (double)number,
        _ => throw new TemplateFault($"{PythonType.NameOf(value)} is not a number"),
    };

    private static int CompareNumbers(object left, object right)
    {
        if (left is double || right is double)
            return ToDouble(left).CompareTo(ToDouble(right));
        return ToBigInteger(left).CompareTo(ToBigInteger(right));
    }

    private static BigInteger ToBigInteger(object value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        _ => (BigInteger)value,
    };

    /// <summary>By code point, which differs from UTF-16 order above U+FFFF.</summary>
    private static int CompareText(string left, string right)
    {
        StringRuneEnumerator first = left.EnumerateRunes();
        StringRuneEnumerator second = right.EnumerateRunes();
        while (true)
        {
            bool hasFirst = first.MoveNext();
            bool hasSecond = second.MoveNext();
            if (!hasFirst || !hasSecond)
                return hasFirst.CompareTo(hasSecond);
            int order = first.Current.CompareTo(second.Current);
            if (order != 0)
                return order;
        }
    }
}
