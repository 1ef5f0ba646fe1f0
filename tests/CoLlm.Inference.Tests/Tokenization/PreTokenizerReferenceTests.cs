using System.Text.Json;
using CoLlm.Inference.Tokenization;
using CoLlm.Inference.Tokenization.Files;
using CoLlm.Inference.Tokenization.PreTokenization;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Tokenization;

/// <summary>
/// <c>pretokenizers.json</c> holds pre-tokenizers in the styles of published tokenizers, and every behaviour with a pattern that
/// also matches nothing, with the words that Hugging Face's tokenizers 0.23.2 cuts multilingual and awkward texts into.
/// </summary>
public sealed class PreTokenizerReferenceTests
{
    private static readonly JsonElement Reference = Read();

    public static TheoryData<string> Names => [.. Reference.EnumerateArray().Select(entry => entry.Text("name"))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Split_ReferenceTexts_GivesTheReferenceWords(string name)
    {
        JsonElement entry = Reference.EnumerateArray().Single(candidate => candidate.Text("name") == name);
        var place = new JsonPlace(entry.GetProperty("pre_tokenizer"), "tokenizer.json", "pre_tokenizer");
        (IReadOnlyList<IPreTokenizer> steps, bool mapsBytes) = PreTokenizerSection.Read(place);

        foreach (JsonElement item in entry.GetProperty("cases").EnumerateArray())
        {
            string[] words = [.. item.GetProperty("words").EnumerateArray().Select(word => word.GetString()!)];
            Assert.Equal(words, Words(steps, mapsBytes, item.Text("text")));
        }
    }

    private static string[] Words(IReadOnlyList<IPreTokenizer> steps, bool mapsBytes, string text)
    {
        List<TextSegment> words = [TextSegment.Whole(text, opensText: true)];
        IEnumerable<IPreTokenizer> all = mapsBytes ? steps.Append(new ByteMappingPreTokenizer()) : steps;
        foreach (IPreTokenizer step in all)
        {
            List<TextSegment> finer = [];
            foreach (TextSegment word in words)
                step.Split(word, finer);
            words = finer;
        }

        return [.. words.Select(word => word.ToString())];
    }

    private static JsonElement Read()
    {
        string path = Path.Combine(RepositoryPaths.Root, "tests", "CoLlm.Inference.Tests", "Tokenization", "pretokenizers.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
