using System.Text;
using CoLlm.Inference.Tokenization;
using CoLlm.Inference.Tokenization.Bpe;
using CoLlm.Inference.Tokenization.Files;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Tokenization;

public sealed class TokenizerLawTests
{
    private const int Seed = 20240916;

    public static TheoryData<string> Names => ["llama3-bpe", "qwen2-bpe", "gpt2-bpe", "llama2-spm", "llama2-metaspace"];

    [Theory]
    [InlineData("llama3-bpe")]
    [InlineData("gpt2-bpe")]
    public void DecodeOfEncode_AnyTextOfByteLevelModels_IsTheText(string name)
    {
        Tokenizer tokenizer = Load(name);
        var random = new Random(Seed);
        for (int round = 0; round < 500; round++)
        {
            // One of the two has tokens that swallow spaces beside them; the random alphabet cannot write them.
            string text = RandomText(random, round % 60);
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addSpecial: false), skipSpecial: false));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Append_AnyIds_ReleasesPrefixesOfTheFinalTextInWholeCharacters(string name)
    {
        Tokenizer tokenizer = Load(name);
        var random = new Random(Seed);
        for (int round = 0; round < 1000; round++)
        {
            int[] ids = [.. Enumerable.Range(0, round % 40).Select(_ => random.Next(random.Next(2) == 0 ? 300 : tokenizer.VocabularySize))];
            bool skipSpecial = round % 2 == 0;
            string final = tokenizer.Decode(ids, skipSpecial);
            StreamingDetokenizer detokenizer = tokenizer.CreateDetokenizer(skipSpecial);
            var released = new StringBuilder();
            foreach (int id in ids)
            {
                released.Append(detokenizer.Append(id));
                Assert.StartsWith(released.ToString(), final, StringComparison.Ordinal);
                Assert.False(released.Length > 0 && char.IsHighSurrogate(released[^1]));
            }

            Assert.Equal(final, released + detokenizer.Finish());
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Append_AnyChunking_GivesTheSameText(string name)
    {
        Tokenizer tokenizer = Load(name);
        var random = new Random(Seed);
        int[] ids = [.. Enumerable.Range(0, 2000).Select(_ => random.Next(tokenizer.VocabularySize))];
        StreamingDetokenizer detokenizer = tokenizer.CreateDetokenizer(skipSpecial: false);
        var text = new StringBuilder();
        for (int start = 0; start < ids.Length;)
        {
            int end = Math.Min(ids.Length, start + random.Next(1, 30));
            text.Append(detokenizer.Append(ids.AsSpan(start..end)));
            start = end;
        }

        Assert.Equal(tokenizer.Decode(ids, skipSpecial: false), text + detokenizer.Finish());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Decode_IdOutsideTheVocabulary_IsOneSentence(string name)
    {
        Tokenizer tokenizer = Load(name);

        foreach (int id in (int[])[-1, tokenizer.VocabularySize, int.MaxValue, int.MinValue])
        {
            var exception = Assert.Throws<TokenizerException>(() => tokenizer.Decode([id], skipSpecial: true));
            Assert.StartsWith($"Token id {id} is not in the vocabulary", exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_HalfASurrogatePair_CountsAsTheReplacementCharacter(string name)
    {
        Tokenizer tokenizer = Load(name);

        Assert.Equal(tokenizer.Encode("a\uFFFDb", addSpecial: false), tokenizer.Encode("a\uD800b", addSpecial: false));
    }

    [Theory]
    [InlineData("llama3-bpe")]
    [InlineData("llama2-spm")]
    public void Merge_HostileWords_QueuesAtMostThreePairsPerSymbol(string name)
    {
        const int Length = 200_000;
        BpeModel model = TokenizerDirectory.Read(RepositoryPaths.Golden("tokenizers", name)).Model;
        var random = new Random(Seed);
        string ambiguous = string.Concat(Enumerable.Range(0, Length).Select(_ => "the"[random.Next(3)]));
        foreach (string word in (string[])[new string('a', Length), ambiguous, string.Concat(Enumerable.Repeat("er", Length / 2))])
        {
            var scratch = new BpeWord();
            List<int> ids = [];
            model.Encode(word, scratch, ids);

            Assert.InRange(scratch.QueuedPairs, 0, 3L * Length);
            Assert.NotEmpty(ids);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Encode_AMegabyteWithoutEnd_ComesBack(string name)
    {
        Tokenizer tokenizer = Load(name);
        foreach (string text in (string[])[new string('a', 1 << 20), "x" + new string(' ', 1 << 20), new string('\n', 1 << 20), string.Concat(Enumerable.Repeat("<|", 1 << 19))])
        {
            int[] ids = tokenizer.Encode(text, addSpecial: false);

            Assert.Equal(text, tokenizer.Decode(ids, skipSpecial: false));
        }
    }

    [Fact]
    public void Encode_ManyThreadsAtOnce_GivesTheSameIds()
    {
        Tokenizer tokenizer = Load("llama3-bpe");
        string[] texts = [.. Enumerable.Range(0, 64).Select(seed => RandomText(new Random(seed), 200))];
        int[][] expected = [.. texts.Select(text => Load("llama3-bpe").Encode(text, addSpecial: true))];

        Parallel.For(0, 512, index => Assert.Equal(expected[index % 64], tokenizer.Encode(texts[index % 64], addSpecial: true)));
    }

    private static string RandomText(Random random, int length)
    {
        const string Alphabet = " \n\t\rabcdefgXYZ019'sté,.-!·ßдж今天\u0301\u200B";
        var text = new StringBuilder();
        for (int index = 0; index < length; index++)
        {
            if (random.Next(10) == 0)
                text.Append(char.ConvertFromUtf32(random.Next(0x1F300, 0x1F700)));
            else
                text.Append(Alphabet[random.Next(Alphabet.Length)]);
        }

        return text.ToString();
    }

    private static Tokenizer Load(string name) => Tokenizer.Load(RepositoryPaths.Golden("tokenizers", name));
}
