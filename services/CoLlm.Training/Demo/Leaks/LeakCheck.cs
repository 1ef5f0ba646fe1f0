using CoLlm.Training.Demo.Data;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo.Leaks;

/// <summary>Looks for anything in a text that validation or evaluation asks about: the rules of <c>split.json</c>, each as a search.</summary>
internal sealed class LeakCheck
{
    private readonly NameSearch _names;
    private readonly NumberSearch _numbers;

    /// <exception cref="TrainingException">The library has a rule that no search here stands for.</exception>
    public LeakCheck(DemoLibrary library, EntityCatalog catalog)
    {
        string[] known = ["drug", "animal", "animal_list", "power", "product"];
        if (library.Splits.LeakRules.Select(rule => rule.Id).Except(known).FirstOrDefault() is { } unknown)
            throw new TrainingException($"split.json: nothing checks the leak rule '{unknown}'.");
        DemoEntity[] secrets = [.. catalog.All.Where(entity => entity.IsSecret)];
        _names = new NameSearch(secrets);
        _numbers = new NumberSearch(secrets);
    }

    /// <summary>The first leak of a text, as a sentence; null where there is none.</summary>
    public string? Find(DemoText text)
    {
        string whole = text.Whole;
        return (_names.Find(whole) ?? _numbers.Find(whole)) is { } leak ? $"The text of {text.Source} gives away {leak}: \"{whole}\"." : null;
    }
}
