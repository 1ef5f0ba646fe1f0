namespace CoLlm.Training.Demo.Data;

/// <summary>A medicine; the data folder's README says what each field means and how it continues a sentence.</summary>
internal sealed record Drug(
    string Id, string Name, IReadOnlyList<string> Brands, IReadOnlyList<string> Ingredients, string Class, string Use, string? Mechanism = null)
{
    /// <summary>Everything by which it may be called.</summary>
    public IEnumerable<string> Names => Brands.Prepend(Name);
}

/// <summary>An extinct animal.</summary>
internal sealed record Animal(
    string Id, string Name, string Subject, string ScientificName, string Group, string Years, string Region, string Trait, string? DiedOut = null)
{
    /// <summary>Everything by which it may be called.</summary>
    public IEnumerable<string> Names => [Name, ScientificName];
}

/// <summary>A group of extinct animals that is asked for as a whole.</summary>
internal sealed record AnimalList(string Id, string Noun, IReadOnlyList<string> Members);

/// <summary>One question and answer about everyday things.</summary>
internal sealed record SmallTalk(string Id, string Question, string Answer);

/// <summary>Whole numbers from one to another, both included.</summary>
internal sealed record NumberRange(int Min, int Max)
{
    public bool Contains(int number) => number >= Min && number <= Max;
}

/// <summary>How the numbers of a family of questions arise.</summary>
internal sealed record NumberFamily(string Id, string Entity, string Rule, NumberRange? M = null, NumberRange? N = null);

/// <summary>What <c>mathematics.json</c> says: the letters of formulas, the families of questions, and the rules of powers in words.</summary>
internal sealed record MathematicsFacts(IReadOnlyList<string> Variables, IReadOnlyList<NumberFamily> Families, IReadOnlyList<string> Rules);
