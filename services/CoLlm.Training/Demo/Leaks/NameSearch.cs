using System.Text.RegularExpressions;
using CoLlm.Training.Demo.Questions;

namespace CoLlm.Training.Demo.Leaks;

/// <summary>Finds names of secret medicines and animals, and the questions of secret lists, as whole words whatever their case.</summary>
internal sealed class NameSearch
{
    private readonly Dictionary<string, DemoEntity> _owners = new(StringComparer.OrdinalIgnoreCase);
    private readonly Regex? _anyName;

    public NameSearch(IEnumerable<DemoEntity> secrets)
    {
        foreach (DemoEntity entity in secrets)
        {
            foreach (string name in Names(entity))
                _owners.TryAdd(name, entity);
        }

        // Longer names first, so that a name is found whole. A pattern of fixed words without backtracking takes linear time.
        string alternatives = string.Join('|', _owners.Keys.OrderByDescending(name => name.Length).ThenBy(name => name, StringComparer.Ordinal).Select(Regex.Escape));
        if (_owners.Count > 0)
            _anyName = new Regex($@"(?<![\p{{L}}\p{{N}}])(?:{alternatives})(?![\p{{L}}\p{{N}}])", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);
    }

    /// <summary>What the text gives away; null where it is nothing.</summary>
    public string? Find(string text)
    {
        if (_anyName?.Match(text) is not { Success: true } match)
            return null;
        DemoEntity owner = _owners[match.Value];
        return $"the {owner.Kind} '{owner.Id}' by saying '{match.Value}'";
    }

    private static IEnumerable<string> Names(DemoEntity entity) => entity switch
    {
        DrugEntity drug => drug.Drug.Names,
        AnimalEntity animal => animal.Animal.Names,
        AnimalListEntity list => [$"extinct {list.List.Noun}", $"{list.List.Noun} are extinct"],
        _ => [],
    };
}
