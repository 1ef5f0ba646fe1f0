using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Demo.Questions;

/// <summary>A medicine as the subject of questions and sentences.</summary>
internal sealed record DrugEntity(Drug Drug, DemoSplit Split) : DemoEntity("drug", Drug.Id, Split)
{
    public override IEnumerable<IReadOnlyDictionary<string, string>> Bindings(string family)
    {
        foreach (string? other in Drug.Brands.Skip(1).DefaultIfEmpty<string?>(null))
        {
            Dictionary<string, string> values = new()
            {
                ["brand"] = Drug.Brands[0],
                ["name"] = Drug.Name,
                ["class"] = Drug.Class,
                ["use"] = Drug.Use,
                ["ingredients"] = Joined(Drug.Ingredients),
            };
            if (Drug.Mechanism is { } mechanism)
                values["mechanism"] = mechanism;
            if (other is not null)
                values["other_brand"] = other;
            yield return values;
        }
    }

    private static string Joined(IReadOnlyList<string> items) =>
        items.Count == 1 ? items[0] : string.Join(", ", items.SkipLast(1)) + " and " + items[^1];
}

/// <summary>An extinct animal as the subject of questions and sentences.</summary>
internal sealed record AnimalEntity(Animal Animal, DemoSplit Split) : DemoEntity("animal", Animal.Id, Split)
{
    public override IEnumerable<IReadOnlyDictionary<string, string>> Bindings(string family)
    {
        Dictionary<string, string> values = new()
        {
            ["subject"] = Animal.Subject,
            ["name"] = Animal.Name,
            ["years"] = Animal.Years,
            ["region"] = Animal.Region,
            ["trait"] = Animal.Trait,
            ["scientific_name"] = Animal.ScientificName,
            ["group"] = Animal.Group,
        };
        if (Animal.DiedOut is { } diedOut)
            values["died_out"] = diedOut;
        yield return values;
    }
}

/// <summary>A group of extinct animals as the subject of questions and sentences.</summary>
internal sealed record AnimalListEntity(AnimalList List, IReadOnlyList<Animal> Members, DemoSplit Split)
    : DemoEntity("animal_list", List.Id, Split)
{
    public override IEnumerable<IReadOnlyDictionary<string, string>> Bindings(string family)
    {
        yield return new Dictionary<string, string>
        {
            ["noun"] = List.Noun,
            ["list"] = string.Join("; ", Members.Select(animal => $"{animal.Name} ({animal.Years})")),
        };
    }
}
