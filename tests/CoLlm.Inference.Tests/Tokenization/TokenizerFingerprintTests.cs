using System.Text.Json.Nodes;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Tokenization;

public sealed class TokenizerFingerprintTests
{
    [Fact]
    public void Fingerprint_ModelFileAndEquivalentJson_AreEqual()
    {
        using var alone = new TokenizerFolder();
        alone.Copy("tokenizers/llama2-spm/tokenizer.model");
        using var declared = new TokenizerFolder();
        declared.Copy("tokenizers/llama2-spm/tokenizer.model");
        declared.Copy("tokenizers/llama2-spm/tokenizer_config.json");

        string json = Golden("llama2-spm").Fingerprint;

        Assert.Equal(json, Tokenizer.Load(alone.Path).Fingerprint);
        Assert.Equal(json, Tokenizer.Load(declared.Path).Fingerprint);
        Assert.Matches("^[0-9a-f]{32}$", json);
    }

    [Fact]
    public void Fingerprint_DifferentTokenizers_AreDifferent()
    {
        string[] names = ["llama3-bpe", "qwen2-bpe", "gpt2-bpe", "llama2-spm", "llama2-metaspace"];

        Assert.Equal(names.Length, names.Select(name => Golden(name).Fingerprint).Distinct().Count());
    }

    [Fact]
    public void Fingerprint_TokensAddedAboveTheModel_MakeNoDifference()
    {
        Tokenizer plain = Tokenizer.Load(RepositoryPaths.Golden("models", "pair-base"));
        Tokenizer extended = Tokenizer.Load(RepositoryPaths.Golden("models", "co-llm-tiny"));

        Assert.Equal((512, 512), (plain.VocabularySize, plain.ModelVocabularySize));
        Assert.Equal((514, 512), (extended.VocabularySize, extended.ModelVocabularySize));
        Assert.Equal(plain.Fingerprint, extended.Fingerprint);
        Assert.True(plain.IsCompatibleWith(extended, 512));
        Assert.False(plain.IsCompatibleWith(extended, 513));
    }

    [Fact]
    public void FingerprintOf_PairWithExtraPieces_AgreesOnTheSharedIds()
    {
        Tokenizer small = Tokenizer.Load(RepositoryPaths.Golden("models", "co-llm-tiny"));
        Tokenizer expert = Tokenizer.Load(RepositoryPaths.Golden("models", "pair-expert"));

        Assert.Equal(528, expert.ModelVocabularySize);
        Assert.NotEqual(small.Fingerprint, expert.Fingerprint);
        Assert.Equal(small.Fingerprint, expert.FingerprintOf(512));
    }

    [Fact]
    public void FingerprintOf_LargerVocabularyOfTheSameFamily_AgreesOnTheSharedIdsOnly()
    {
        Tokenizer small = Golden("llama2-spm");
        using TokenizerFolder folder = Changed("llama2-spm", root =>
        {
            root["model"]!["vocab"]!["▁<PRE>"] = 600;
            root["model"]!["vocab"]!["he▁t"] = 601;
            root["model"]!["merges"]!.AsArray().Add("he ▁t");
        });
        Tokenizer large = Tokenizer.Load(folder.Path);

        Assert.NotEqual(small.Fingerprint, large.Fingerprint);
        Assert.True(small.IsCompatibleWith(large, 600));
        Assert.False(small.IsCompatibleWith(large, 602));
    }

    public static TheoryData<string> Changes => ["merge order", "merge dropped", "ids swapped", "pre-tokenizer", "ignore merges", "added flag"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void Fingerprint_OneChange_IsDifferent(string change)
    {
        using TokenizerFolder folder = Changed("llama3-bpe", root => Apply(change, root));
        Tokenizer original = Golden("llama3-bpe");
        Tokenizer changed = Tokenizer.Load(folder.Path);

        Assert.NotEqual(original.FingerprintOf(602), changed.FingerprintOf(602));
        if (change != "added flag")
            Assert.NotEqual(original.Fingerprint, changed.Fingerprint);
    }

    [Fact]
    public void Fingerprint_WritingOfMerges_MakesNoDifference()
    {
        using TokenizerFolder folder = Changed("llama3-bpe", root =>
        {
            JsonArray merges = root["model"]!["merges"]!.AsArray();
            root["model"]!["merges"] = new JsonArray([.. merges.Select(pair => JsonValue.Create($"{pair![0]} {pair[1]}"))]);
        });

        Assert.Equal(Golden("llama3-bpe").Fingerprint, Tokenizer.Load(folder.Path).Fingerprint);
    }

    private static void Apply(string change, JsonNode root)
    {
        JsonNode model = root["model"]!;
        JsonArray merges = model["merges"]!.AsArray();
        switch (change)
        {
            case "merge order":
                JsonNode first = merges[0]!;
                merges.RemoveAt(0);
                merges.Insert(1, first);
                break;
            case "merge dropped":
                merges.RemoveAt(merges.Count - 1);
                break;
            case "ids swapped":
                (int zero, int one) = ((int)model["vocab"]!["0"]!, (int)model["vocab"]!["1"]!);
                model["vocab"]!["0"] = one;
                model["vocab"]!["1"] = zero;
                break;
            case "pre-tokenizer":
                JsonNode pattern = root["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!;
                pattern["Regex"] = pattern["Regex"]!.ToString().Replace("{1,3}", string.Empty, StringComparison.Ordinal);
                break;
            case "ignore merges":
                model["ignore_merges"] = false;
                break;
            default:
                root["added_tokens"]![0]!["lstrip"] = true;
                break;
        }
    }

    private static TokenizerFolder Changed(string name, Action<JsonNode> change)
    {
        var folder = new TokenizerFolder();
        JsonNode root = JsonNode.Parse(File.ReadAllText(RepositoryPaths.Golden("tokenizers", name, "tokenizer.json")))!;
        change(root);
        folder.Write("tokenizer.json", root.ToJsonString());
        return folder;
    }

    private static Tokenizer Golden(string name) => Tokenizer.Load(RepositoryPaths.Golden("tokenizers", name));
}
