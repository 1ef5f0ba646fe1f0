using System.Globalization;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo;

/// <summary>Adding and subtracting exponents with letters for the number: the step before the power, whose value nothing here tells.</summary>
internal sealed class ExponentExercises(QuestionBank bank)
{
    /// <summary>Every pair of exponents of every family, each time with another letter.</summary>
    public IEnumerable<DemoText> All(SeededRandom random)
    {
        IReadOnlyList<string> letters = bank.Library.Mathematics.Variables;
        foreach (ExponentFamily family in bank.Library.Wordings.Exponents)
        {
            for (int m = family.M.Min; m <= family.M.Max; m++)
            {
                for (int n = family.N.Min; n <= family.N.Max && family.Sign * n > -m; n++)
                {
                    for (int time = 0; time < family.Times; time++)
                        yield return Exercise(family, m, n, letters[random.NextIndex(letters.Count)]);
                }
            }
        }
    }

    private DemoText Exercise(ExponentFamily family, int m, int n, string letter)
    {
        Dictionary<string, string> values = new()
        {
            ["v"] = letter,
            ["m"] = m.ToString(CultureInfo.InvariantCulture),
            ["n"] = n.ToString(CultureInfo.InvariantCulture),
            ["k"] = (m + (family.Sign * n)).ToString(CultureInfo.InvariantCulture),
        };
        return new DemoText($"exponents/{m}/{family.Sign * n}", bank.Of(family.Question).Fill(values), bank.Of(family.Answer).Fill(values));
    }
}
