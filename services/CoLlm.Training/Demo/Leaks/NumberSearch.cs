using System.Globalization;
using System.Text.RegularExpressions;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo.Leaks;

/// <summary>Finds secret powers and products however they are written: in figures, in words, or as a formula that comes to one.</summary>
internal sealed partial class NumberSearch(IEnumerable<DemoEntity> secrets)
{
    private readonly HashSet<(int, int)> _powers = [.. secrets.OfType<PowerEntity>().Select(power => (power.Base, power.Exponent))];

    private readonly HashSet<(int, int)> _products =
        [.. secrets.OfType<ProductEntity>().SelectMany(product => new[] { (product.X, product.Y), (product.Y, product.X) })];

    /// <summary>What the text gives away; null where it is nothing.</summary>
    public string? Find(string text)
    {
        foreach ((int number, int exponent) in PowersIn(text).Concat(FormulasIn(text)))
        {
            if (_powers.Contains((number, exponent)))
                return $"the power {number}^{exponent}";
        }

        foreach (Match match in Product().Matches(text))
        {
            if (_products.Contains((Number(match, "x"), Number(match, "y"))))
                return $"the product {match.Groups["x"].Value} * {match.Groups["y"].Value}";
        }

        return null;
    }

    private static IEnumerable<(int Number, int Exponent)> PowersIn(string text)
    {
        foreach (Match match in Power().Matches(text))
            yield return (Number(match, "a"), Number(match, "k"));
        foreach (Match match in Square().Matches(text))
            yield return (Number(match, "a"), 2);
        foreach (Match match in Cube().Matches(text))
            yield return (Number(match, "a"), 3);
    }

    /// <summary>Powers that come out where the text's formulas meet the values that it gives their letters.</summary>
    private static IEnumerable<(int Number, int Exponent)> FormulasIn(string text)
    {
        foreach (Match match in Formula().Matches(text).Concat(PowerOfPower().Matches(text)))
        {
            (int m, int n) = (Number(match, "m"), Number(match, "n"));
            int exponent = match.Groups["sign"].Value switch { "*" => m + n, "/" => m - n, _ => m * n };
            string raised = match.Groups["v"].Value;
            if (int.TryParse(raised, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
                yield return (number, exponent);
            foreach (Match value in Assignment().Matches(text))
            {
                if (value.Groups["v"].Value == raised)
                    yield return (Number(value, "a"), exponent);
            }
        }
    }

    /// <summary>Numbers of more digits than any secret has are no secret.</summary>
    private static int Number(Match match, string group) =>
        int.TryParse(match.Groups[group].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : -1;

    [GeneratedRegex(@"(?<!\d)(?<a>\d+) ?(?:\^|to the power of) ?(?<k>\d+)(?!\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Power();

    [GeneratedRegex(@"(?<!\d)(?<a>\d+) squared|\bsquare of (?<a>\d+)(?!\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Square();

    [GeneratedRegex(@"(?<!\d)(?<a>\d+) cubed|\bcube of (?<a>\d+)(?!\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Cube();

    [GeneratedRegex(@"(?<![a-z\d])(?<v>[a-z]|\d+)\^(?<m>\d+) ?(?<sign>[*/]) ?\k<v>\^(?<n>\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex Formula();

    [GeneratedRegex(@"\((?<v>[a-z]|\d+)\^(?<m>\d+)\)\^(?<n>\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex PowerOfPower();

    [GeneratedRegex(@"(?<![a-z\d])(?<v>[a-z]) ?(?:=|is) ?(?<a>\d+)(?!\d)", RegexOptions.IgnoreCase)]
    private static partial Regex Assignment();

    // The second factor is only looked at, so that in a chain it is the first factor of the next pair.
    [GeneratedRegex(@"(?<![\d^])(?<x>\d+) ?(?:\*|times) ?(?=(?<y>\d+)(?![\d^]))", RegexOptions.IgnoreCase)]
    private static partial Regex Product();
}
