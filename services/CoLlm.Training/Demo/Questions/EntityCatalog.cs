using System.Globalization;
using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Demo.Questions;

/// <summary>All entities of a library, in the order of its files.</summary>
internal sealed class EntityCatalog
{
    private const int MaxNumber = 1000;
    private const int MaxExponent = 18;

    /// <exception cref="TrainingException">A power or product is not written as two numbers, or is too large.</exception>
    public EntityCatalog(DemoLibrary library)
    {
        Dictionary<string, Animal> animals = library.Animals.ToDictionary(animal => animal.Id);
        Dictionary<string, DemoSplit> drugs = ById(library.Splits.Drugs);
        Dictionary<string, DemoSplit> animalSplits = ById(library.Splits.Animals);
        Dictionary<string, DemoSplit> lists = ById(library.Splits.AnimalLists);
        All =
        [
            .. library.Drugs.Select(drug => new DrugEntity(drug, drugs[drug.Id])),
            .. library.Animals.Select(animal => new AnimalEntity(animal, animalSplits[animal.Id])),
            .. library.AnimalLists.Select(list => new AnimalListEntity(list, [.. list.Members.Select(id => animals[id])], lists[list.Id])),
            .. library.Splits.Powers.All.Select(entry => Power(entry.Id, entry.Split, library.Mathematics)),
            .. library.Splits.Products.All.Select(entry => Product(entry.Id, entry.Split)),
        ];
    }

    public IReadOnlyList<DemoEntity> All { get; }

    private static Dictionary<string, DemoSplit> ById(SplitIds ids) => ids.All.ToDictionary(entry => entry.Id, entry => entry.Split);

    private static PowerEntity Power(string id, DemoSplit split, MathematicsFacts mathematics)
    {
        (int number, int exponent) = Numbers(id, '^');
        if (exponent > MaxExponent || (exponent * Math.Log2(number)) >= 62)
            throw new TrainingException($"split.json: the power '{id}' is too large.");
        return new PowerEntity(number, exponent, split, mathematics);
    }

    private static ProductEntity Product(string id, DemoSplit split)
    {
        (int x, int y) = Numbers(id, '*');
        return new ProductEntity(x, y, split);
    }

    private static (int First, int Second) Numbers(string id, char sign)
    {
        string[] parts = id.Split(sign);
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int second)
            && first is >= 2 and <= MaxNumber && second is >= 2 and <= MaxNumber
            ? (first, second)
            : throw new TrainingException($"split.json: '{id}' is not two numbers from 2 to {MaxNumber} with '{sign}' between.");
    }
}
