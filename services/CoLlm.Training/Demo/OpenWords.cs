using System.Text.RegularExpressions;
using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Demo;

/// <summary>Real words that any model may see: those of the conversation, common ones, and those of names that training may ask about.</summary>
internal static partial class OpenWords
{
    /// <summary>Begins the questions for held-out lists; before one of their nouns it would be such a question.</summary>
    private const string Reserved = "extinct";

    /// <summary>Every word of at least two letters once, in ordinal order.</summary>
    public static IReadOnlyList<string> Of(DemoLibrary library)
    {
        HashSet<string> open = [.. library.Splits.Drugs.Base, .. library.Splits.Drugs.Train, .. library.Splits.Animals.Base, .. library.Splits.Animals.Train];
        IEnumerable<string> texts = library.Conversation.SelectMany(talk => new[] { talk.Question, talk.Answer })
            .Concat(library.Drugs.Where(drug => open.Contains(drug.Id)).SelectMany(drug => drug.Names))
            .Concat(library.Animals.Where(animal => open.Contains(animal.Id)).SelectMany(animal => animal.Names));
        return
        [
            .. texts.Concat(library.Wordings.Copying.Echo.Common).SelectMany(text => Word().Matches(text).Select(match => match.Value)).Where(word => word != Reserved)
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
    }

    [GeneratedRegex("[A-Za-z]{2,}")]
    private static partial Regex Word();
}
