using System.Text.Json;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Tokenization;

public sealed class GoldenTokenizerTests
{
    public static TheoryData<string> Names => ["llama3-bpe", "qwen2-bpe", "gpt2-bpe", "llama2-spm", "llama2-metaspace"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_GoldenStrings_GivesGoldenIds(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("tokenizers", name));
        Dictionary<string, string> strings = Strings();

        foreach (JsonElement entry in GoldenJson.Read("tokenizers", name, "encodings.json").EnumerateArray())
        {
            string text = strings[entry.Text("name")];
            AssertIds(entry.Text("name"), entry.Ids("ids"), tokenizer.Encode(text, addSpecial: false));
            Assert.Equal(entry.IdsOr("ids_with_special", "ids"), tokenizer.Encode(text, addSpecial: true));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_GoldenEncodings_GivesGoldenTexts(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("tokenizers", name));

        foreach (JsonElement entry in GoldenJson.Read("tokenizers", name, "encodings.json").EnumerateArray())
        {
            Assert.Equal(entry.Text("decoded"), tokenizer.Decode(entry.Ids("ids"), skipSpecial: false));
            Assert.Equal(entry.TextOr("decoded_skip_special", "decoded"), tokenizer.Decode(entry.Ids("ids"), skipSpecial: true));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_GoldenIdLists_GivesGoldenTexts(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("tokenizers", name));

        foreach (JsonElement entry in GoldenJson.Read("tokenizers", name, "decodings.json").EnumerateArray())
        {
            Assert.Equal((entry.Text("name"), entry.Text("text")), (entry.Text("name"), tokenizer.Decode(entry.Ids("ids"), skipSpecial: false)));
            Assert.Equal(entry.TextOr("text_skip_special", "text"), tokenizer.Decode(entry.Ids("ids"), skipSpecial: true));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Append_GoldenIdLists_NeverReleasesMoreThanTheGoldenPrefixes(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("tokenizers", name));

        foreach (JsonElement entry in GoldenJson.Read("tokenizers", name, "decodings.json").EnumerateArray())
        {
            string final = entry.TextOr("text_skip_special", "text");
            string[] prefixes = [.. entry.GetProperty("prefixes").EnumerateArray().Select(prefix => prefix.GetString()!)];
            StreamingDetokenizer detokenizer = tokenizer.CreateDetokenizer(skipSpecial: true);
            string released = string.Empty;
            foreach ((int index, int id) in entry.Ids("ids").Index())
            {
                released += detokenizer.Append(id);
                Assert.StartsWith(released, final, StringComparison.Ordinal);
                if (!final.Contains('\uFFFD'))
                    Assert.StartsWith(released, prefixes[index].TrimEnd('\uFFFD'), StringComparison.Ordinal);
            }

            Assert.Equal(final, released + detokenizer.Finish());
        }
    }

    [Fact]
    public void Encode_SentencePieceModelAlone_GivesWhatSentencePieceGives()
    {
        using var folder = new TokenizerFolder();
        folder.Copy("tokenizers/llama2-spm/tokenizer.model");
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Dictionary<string, string> strings = Strings();

        foreach (JsonElement entry in GoldenJson.Read("tokenizers", "llama2-spm", "sentencepiece_encodings.json").EnumerateArray())
        {
            AssertIds(entry.Text("name"), entry.Ids("ids"), tokenizer.Encode(strings[entry.Text("name")], addSpecial: false));
            Assert.Equal(entry.Text("decoded"), tokenizer.Decode(entry.Ids("ids"), skipSpecial: false));
        }
    }

    [Fact]
    public void Decode_SentencePieceModelAlone_GivesWhatSentencePieceGives()
    {
        using var folder = new TokenizerFolder();
        folder.Copy("tokenizers/llama2-spm/tokenizer.model");
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);

        foreach (JsonElement entry in GoldenJson.Read("tokenizers", "llama2-spm", "sentencepiece_decodings.json").EnumerateArray())
            Assert.Equal((entry.Text("name"), entry.Text("text")), (entry.Text("name"), tokenizer.Decode(entry.Ids("ids"), skipSpecial: false)));
    }

    [Fact]
    public void Encode_SentencePieceModelWithDeclaredTokens_GivesWhatTokenizerJsonGives()
    {
        using var folder = new TokenizerFolder();
        folder.Copy("tokenizers/llama2-spm/tokenizer.model");
        folder.Copy("tokenizers/llama2-spm/tokenizer_config.json");
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Dictionary<string, string> strings = Strings();

        foreach (JsonElement entry in GoldenJson.Read("tokenizers", "llama2-spm", "encodings.json").EnumerateArray())
        {
            string text = strings[entry.Text("name")];
            Assert.Equal(entry.Ids("ids"), tokenizer.Encode(text, addSpecial: false));
            Assert.Equal(entry.IdsOr("ids_with_special", "ids"), tokenizer.Encode(text, addSpecial: true));
        }
    }

    public static TheoryData<string> Models =>
        ["co-llm-tiny", "llama-tiny", "llama3-tiny", "mistral-tiny", "pair-base", "pair-expert", "qwen2-tiny", "qwen3-tiny"];

    [Theory]
    [MemberData(nameof(Models))]
    public void EncodeAndDecode_GoldenModels_GiveTheGoldenPromptAndAnswers(string name)
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("models", name));
        JsonElement prompts = GoldenJson.Read("expected", name, "expected.json").GetProperty("prompts");

        JsonElement text = prompts.GetProperty("text");
        Assert.Equal(text.Ids("ids"), tokenizer.Encode(text.Text("text"), addSpecial: true));
        foreach (JsonProperty prompt in prompts.EnumerateObject())
        {
            if (prompt.Value.TryGetProperty("greedy_text", out JsonElement greedy))
                Assert.Equal(greedy.GetString(), tokenizer.Decode(prompt.Value.Ids("greedy"), skipSpecial: true));
        }
    }

    [Fact]
    public void Load_CoLlmCheckpoint_KnowsTheTokensAddedBesideTheModel()
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("models", "co-llm-tiny"));

        Assert.Equal(514, tokenizer.VocabularySize);
        Assert.Equal((1, 2, 512, 0), (tokenizer.BosTokenId, tokenizer.EosTokenId, tokenizer.PadTokenId, tokenizer.UnknownTokenId));
        Assert.Equal(513, tokenizer.TokenId("<|defer|>"));
        Assert.True(tokenizer.IsSpecial(513));
        Assert.Equal([512, 513, 2], tokenizer.Encode("<pad><|defer|></s>", addSpecial: false));
    }

    private static void AssertIds(string name, int[] expected, int[] actual) =>
        Assert.Equal($"{name}: {string.Join(' ', expected)}", $"{name}: {string.Join(' ', actual)}");

    private static Dictionary<string, string> Strings() =>
        GoldenJson.Read("tokenizers", "strings.json").EnumerateArray().ToDictionary(entry => entry.Text("name"), entry => entry.Text("text"));
}
