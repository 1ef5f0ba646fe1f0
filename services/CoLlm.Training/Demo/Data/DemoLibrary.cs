namespace CoLlm.Training.Demo.Data;

/// <summary>Everything the demo's models are made from, read and checked for consistency.</summary>
internal sealed record DemoLibrary(
    IReadOnlyList<Drug> Drugs,
    IReadOnlyList<Animal> Animals,
    IReadOnlyList<AnimalList> AnimalLists,
    IReadOnlyList<SmallTalk> Conversation,
    MathematicsFacts Mathematics,
    Wordings Wordings,
    SplitTable Splits)
{
    private const string SplitFile = "split.json";

    /// <summary>Reads the data folder.</summary>
    /// <exception cref="TrainingException">A file cannot be read, or files contradict each other.</exception>
    public static DemoLibrary Load(string folder)
    {
        string At(string name) => Path.Combine(folder, name);
        DemoLibrary library = new(
            DemoFile.ReadLines<Drug>(At("drugs.jsonl")),
            DemoFile.ReadLines<Animal>(At("extinct_animals.jsonl")),
            DemoFile.ReadLines<AnimalList>(At("animal_lists.jsonl")),
            DemoFile.ReadLines<SmallTalk>(At("conversation.jsonl")),
            DemoFile.Read<MathematicsFacts>(At("mathematics.json")),
            DemoFile.Read<Wordings>(At("templates.json")),
            DemoFile.Read<SplitTable>(At(SplitFile)));
        CheckSplit(At(SplitFile), "drug", library.Drugs.Select(drug => drug.Id), library.Splits.Drugs);
        CheckSplit(At(SplitFile), "animal", library.Animals.Select(animal => animal.Id), library.Splits.Animals);
        CheckSplit(At(SplitFile), "animal list", library.AnimalLists.Select(list => list.Id), library.Splits.AnimalLists);
        CheckSplit(At(SplitFile), "power", null, library.Splits.Powers);
        CheckSplit(At(SplitFile), "product", null, library.Splits.Products);
        library.CheckLists(At("animal_lists.jsonl"));
        library.CheckDrugs(At("drugs.jsonl"));
        return library;
    }

    private static void CheckSplit(string path, string kind, IEnumerable<string>? ids, SplitIds split)
    {
        HashSet<string> placed = new(StringComparer.Ordinal);
        foreach ((string id, _) in split.All)
        {
            if (!placed.Add(id))
                throw new TrainingException($"{path}: the {kind} '{id}' stands in more than one split.");
        }

        if (ids is null)
            return;
        HashSet<string> known = new(StringComparer.Ordinal);
        foreach (string id in ids)
        {
            if (!known.Add(id))
                throw new TrainingException($"{path}: there are two entries for the {kind} '{id}'.");
            if (!placed.Contains(id))
                throw new TrainingException($"{path}: the {kind} '{id}' stands in no split.");
        }

        if (placed.FirstOrDefault(id => !known.Contains(id)) is { } unknown)
            throw new TrainingException($"{path}: there is no entry for the {kind} '{unknown}'.");
    }

    private void CheckLists(string path)
    {
        HashSet<string> animals = [.. Animals.Select(animal => animal.Id)];
        foreach (AnimalList list in AnimalLists)
        {
            if (list.Members.Count == 0)
                throw new TrainingException($"{path}: the list '{list.Id}' has no members.");
            if (list.Members.FirstOrDefault(member => !animals.Contains(member)) is { } unknown)
                throw new TrainingException($"{path}: the list '{list.Id}' names the unknown animal '{unknown}'.");
        }
    }

    private void CheckDrugs(string path)
    {
        if (Drugs.FirstOrDefault(drug => drug.Brands.Count == 0 || drug.Ingredients.Count == 0) is { } empty)
            throw new TrainingException($"{path}: the drug '{empty.Id}' lacks a brand or an ingredient.");
    }
}
