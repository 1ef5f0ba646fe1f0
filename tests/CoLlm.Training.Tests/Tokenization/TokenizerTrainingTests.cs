using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;
using CoLlm.Training.Tokenization;

namespace CoLlm.Training.Tests.Tokenization;

public sealed class TokenizerTrainingTests
{
    private static readonly string[] Texts =
    [
        "The brown bear and the black bear slept. The bears' cave was warm; the bear woke in 1875.",
        "What is a^3 * a^2 if a = 5? a^3 * a^2 = a^5 = 5^5 = 3125.\nThe power of the power.",
        "Ein Bär schläft. 熊が眠る。 🐻",
    ];

    private static readonly TokenizerTrainingOptions Options = new()
    {
        VocabularySize = 320,
        MinPairCount = 1,
        SpecialTokens = ["<|begin|>", "<|user|>", "<|assistant|>", "<|end|>"],
        BeginOfText = "<|begin|>",
        EndOfText = "<|end|>",
        ChatTemplate = "{{ bos_token }}{% for message in messages %}<|{{ message.role }}|>{{ message.content }}{{ eos_token }}{% endfor %}",
    };

    [Fact]
    public void Write_TrainedTokenizer_IsReadByOurLoaderAndGivesTextsBack()
    {
        using TemporaryDirectory folder = new();

        int size = TokenizerTraining.Write(folder.Path, Texts, Options);

        Tokenizer tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(320, size);
        Assert.Equal(320, tokenizer.VocabularySize);
        Assert.Equal(tokenizer.TokenId("<|begin|>"), tokenizer.BosTokenId);
        Assert.Equal(319, tokenizer.EosTokenId);
        foreach (string text in Texts.Append("unseen: \t\0 ÿ €"))
        {
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, addSpecial: false), skipSpecial: true));
            Assert.Equal([316, .. tokenizer.Encode(text, addSpecial: false)], tokenizer.Encode(text, addSpecial: true));
        }
    }

    [Fact]
    public void Write_FrequentWord_BecomesOneTokenAndDigitsStaySingle()
    {
        using TemporaryDirectory folder = new();
        TokenizerTraining.Write(folder.Path, Texts, Options);
        Tokenizer tokenizer = Tokenizer.Load(folder.Path);

        Assert.Single(tokenizer.Encode(" bear", addSpecial: false));
        Assert.Equal(4, tokenizer.Encode("3125", addSpecial: false).Length);
        Assert.Equal([318], tokenizer.Encode("<|assistant|>", addSpecial: false));
    }

    [Fact]
    public void Write_SameTexts_GivesTheSameBytes()
    {
        using TemporaryDirectory first = new();
        using TemporaryDirectory second = new();

        TokenizerTraining.Write(first.Path, Texts, Options);
        TokenizerTraining.Write(second.Path, Texts.Reverse(), Options);

        Assert.Equal(File.ReadAllBytes(first.File("tokenizer.json")), File.ReadAllBytes(second.File("tokenizer.json")));
    }

    [Fact]
    public void Write_ChatTemplate_IsFoundBesideIt()
    {
        using TemporaryDirectory folder = new();
        TokenizerTraining.Write(folder.Path, Texts, Options);

        string text = ChatTemplate.Load(folder.Path)!.Render(new Dictionary<string, object?>
        {
            ["messages"] = new[] { new Dictionary<string, object?> { ["role"] = "user", ["content"] = "Hello" } },
        });

        Assert.Equal("<|begin|><|user|>Hello<|end|>", text);
    }

    [Fact]
    public void Write_LittleText_StopsWhenNoPairIsFrequent()
    {
        using TemporaryDirectory folder = new();

        int size = TokenizerTraining.Write(folder.Path, ["abab"], Options with { MinPairCount = 2, SpecialTokens = [], BeginOfText = null, EndOfText = null, ChatTemplate = null });

        Assert.Equal(257, size);
    }

    [Fact]
    public void Run_WholeWords_MergesAsANaiveTrainerWould()
    {
        SeededRandom random = new(6);
        (string, long)[] words = [.. Enumerable.Range(0, 60).Select(_ =>
            (string.Concat(Enumerable.Range(0, 2 + random.NextIndex(7)).Select(_ => (char)('a' + random.NextIndex(5)))), (long)(1 + random.NextIndex(9))))
            .DistinctBy(word => word.Item1)];
        BpeTrainer trainer = new(words);

        trainer.Run(256 + 60, minPairCount: 2);

        Assert.Equal(NaiveMerges(words, 60), trainer.Merges.Select(merge => (trainer.Tokens[merge.Left], trainer.Tokens[merge.Right])));
    }

    [Theory]
    [InlineData(100, "<a>", "A vocabulary has 256 bytes and its special tokens, and at most 1048576 ids; 100 are asked for.")]
    [InlineData(400, "", "A special token is empty or named twice.")]
    public void Write_ImpossibleOptions_AreRefused(int size, string special, string sentence)
    {
        var error = Assert.Throws<TrainingException>(() =>
            TokenizerTraining.Write("nowhere", [], new TokenizerTrainingOptions { VocabularySize = size, SpecialTokens = [special] }));

        Assert.Equal(sentence, error.Message);
    }

    // Counts every pair anew before every merge.
    private static List<(string, string)> NaiveMerges((string Word, long Count)[] words, int mergeCount)
    {
        List<string> tokens = [.. Enumerable.Range('a', 5).Select(letter => ((char)letter).ToString())];
        List<(List<int> Symbols, long Count)> state = [.. words.Select(word => (word.Word.Select(letter => letter - 'a').ToList(), word.Count))];
        List<(string, string)> merges = [];
        while (merges.Count < mergeCount)
        {
            Dictionary<(int, int), long> counts = [];
            foreach ((List<int> symbols, long count) in state)
            {
                for (int i = 0; i + 1 < symbols.Count; i++)
                    counts[(symbols[i], symbols[i + 1])] = counts.GetValueOrDefault((symbols[i], symbols[i + 1])) + count;
            }

            (int left, int right) = counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).First().Key;
            if (counts[(left, right)] < 2)
                break;
            merges.Add((tokens[left], tokens[right]));
            tokens.Add(tokens[left] + tokens[right]);
            foreach ((List<int> symbols, _) in state)
            {
                for (int i = 0; i + 1 < symbols.Count; i++)
                {
                    if (symbols[i] == left && symbols[i + 1] == right)
                    {
                        symbols[i] = tokens.Count - 1;
                        symbols.RemoveAt(i + 1);
                    }
                }
            }
        }

        return merges;
    }
}
