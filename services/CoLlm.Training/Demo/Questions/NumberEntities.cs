using System.Globalization;
using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Demo.Questions;

/// <summary>A power of two whole numbers as the subject of questions and sentences.</summary>
/// <param name="Base">The number that is raised.</param>
/// <param name="Exponent">At least 2.</param>
/// <param name="Split">Where it may be asked about.</param>
/// <param name="Mathematics">Letters, and the ranges of exponents by family.</param>
internal sealed record PowerEntity(int Base, int Exponent, DemoSplit Split, MathematicsFacts Mathematics)
    : DemoEntity("power", $"{Base}^{Exponent}", Split)
{
    /// <summary>Larger numbers are known by their squares alone, in figures and as squares.</summary>
    private const int LargestTableNumber = 12;

    public long Value => Raise(Exponent);

    public override bool Suits(QuestionTask task) =>
        base.Suits(task) && (task.NeedsExponent is not { } exponent || exponent == Exponent) && HasFamily(task.Id);

    public override IEnumerable<IReadOnlyDictionary<string, string>> Bindings(string family)
    {
        if (!HasFamily(family))
            yield break;
        foreach ((int m, int n) in Exponents(family))
        {
            foreach (string variable in m > 0 ? Mathematics.Variables : [Mathematics.Variables[0]])
            {
                Dictionary<string, string> values = new()
                {
                    ["v"] = variable,
                    ["a"] = Text(Base),
                    ["k"] = Text(Exponent),
                    ["value"] = Text(Value),
                    ["previous"] = Text(Raise(Exponent - 1)),
                    ["expanded"] = string.Join(" * ", Enumerable.Repeat(Text(Base), Exponent)),
                };
                if (m > 0)
                    (values["m"], values["n"]) = (Text(m), Text(n));
                yield return values;
            }
        }
    }

    private bool HasFamily(string family) => Base <= LargestTableNumber || family is "power" or "power_value" or "square";

    private IEnumerable<(int M, int N)> Exponents(string family)
    {
        NumberFamily? rule = Mathematics.Families.FirstOrDefault(candidate => candidate.Id == family);
        if (rule is not { M: { } ms, N: { } ns })
            return [(0, 0)];
        return from m in Enumerable.Range(ms.Min, ms.Max - ms.Min + 1)
               from n in Enumerable.Range(ns.Min, ns.Max - ns.Min + 1)
               where Exponent == (family switch { "power_product" => m + n, "power_quotient" => m - n, _ => m * n })
               select (m, n);
    }

    private long Raise(int exponent)
    {
        long value = 1;
        for (int i = 0; i < exponent; i++)
            value = checked(value * Base);
        return value;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A product of two whole numbers, in either order, as the subject of questions and sentences.</summary>
internal sealed record ProductEntity(int X, int Y, DemoSplit Split) : DemoEntity("product", $"{X}*{Y}", Split)
{
    public override IEnumerable<IReadOnlyDictionary<string, string>> Bindings(string family)
    {
        yield return Values(X, Y);
        if (X != Y)
            yield return Values(Y, X);
    }

    private static Dictionary<string, string> Values(int x, int y) => new()
    {
        ["x"] = x.ToString(CultureInfo.InvariantCulture),
        ["y"] = y.ToString(CultureInfo.InvariantCulture),
        ["value"] = ((long)x * y).ToString(CultureInfo.InvariantCulture),
    };
}
