using System.Globalization;
using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo;

/// <summary>
/// The questions about powers with numbers that no table holds, their answers cut off before the value: how exponents are added,
/// subtracted and multiplied, in the form of the real questions. Nothing here tells the value of any power.
/// </summary>
internal sealed class ExponentExercises(QuestionBank bank)
{
    /// <summary>Every pair of exponents of every family, so many times each with another number and wording.</summary>
    /// <exception cref="TrainingException">The rules name an unknown task.</exception>
    public IEnumerable<DemoText> All(SeededRandom random)
    {
        ExponentRules rules = bank.Library.Wordings.Exponents;
        foreach (string id in rules.Tasks)
        {
            QuestionTask task = bank.Library.Wordings.Task(id) ?? throw new TrainingException($"templates.json: exponents name the unknown task '{id}'.");
            foreach ((int m, int n, int k) in Pairs(id))
            {
                for (int time = 0; time < rules.Times; time++)
                    yield return Exercise(task, m, n, k, rules.Numbers, random);
            }
        }
    }

    private IEnumerable<(int M, int N, int K)> Pairs(string task)
    {
        NumberFamily family = bank.Library.Mathematics.Families.First(candidate => candidate.Id == task);
        if (family is not { M: { } ms, N: { } ns })
            throw new TrainingException($"mathematics.json: the family '{task}' has no two exponents.");
        return from m in Enumerable.Range(ms.Min, ms.Max - ms.Min + 1)
               from n in Enumerable.Range(ns.Min, ns.Max - ns.Min + 1)
               let k = task switch { "power_product" => m + n, "power_quotient" => m - n, _ => m * n }
               where k > 0
               select (m, n, k);
    }

    private DemoText Exercise(QuestionTask task, int m, int n, int k, NumberRange numbers, SeededRandom random)
    {
        T Pick<T>(IReadOnlyList<T> from) => from[random.NextIndex(from.Count)];
        Dictionary<string, string> values = new()
        {
            ["v"] = Pick(bank.Library.Mathematics.Variables),
            ["m"] = Text(m),
            ["n"] = Text(n),
            ["k"] = Text(k),
            ["a"] = Text(numbers.Min + random.NextIndex(numbers.Max - numbers.Min + 1)),
        };
        QuestionForm form = Pick(task.Forms);
        return new DemoText(
            $"exponents/{task.Id}", bank.Of(Pick(form.Questions.Training)).Fill(values), bank.Of(form.Answer).FillUntil(task.AnswerSlot, values), IsUnfinished: true);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
