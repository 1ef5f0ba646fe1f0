using CoLlm.Inference.Tokenization;
using CoLlm.Testing;
using CoLlm.Training.Data;

namespace CoLlm.Training.Tests.Data;

public sealed class SequenceFormatterTests
{
    public static TheoryData<string> Models => ["pair-base", "llama3-tiny", "qwen2-tiny"];

    [Theory]
    [MemberData(nameof(Models))]
    public void Format_PromptAndCompletion_KeepsThePromptsIdsAndLearnsTheRest(string model)
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("models", model));
        int[] prompt = tokenizer.Encode("The bear", addSpecial: true);

        FormattedSequence sequence = Formatter(model).Format(new PromptCompletion("The bear", " slept in a cave."))!;

        Assert.Equal(prompt, sequence.TokenIds[..prompt.Length]);
        Assert.Equal(prompt.Length, sequence.FirstTargetPosition);
        Assert.All(sequence.IsTarget[(prompt.Length - 1)..], Assert.True);
        Assert.Equal("The bear slept in a cave.", tokenizer.Decode(sequence.TokenIds, skipSpecial: true).Trim());
        Assert.Equal(tokenizer.EosTokenId, sequence.TokenIds[^1]);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Format_Conversation_LearnsExactlyTheAnswersOfTheAssistant(string model)
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("models", model));
        Conversation conversation = new([new("user", "Hello"), new("assistant", "Hi there."), new("user", "Bye"), new("assistant", "So long.")]);

        FormattedSequence sequence = Formatter(model).Format(conversation)!;

        string learned = tokenizer.Decode([.. sequence.TargetRows.Select(row => sequence.TokenIds[row + 1])], skipSpecial: true);
        Assert.Contains("Hi there.", learned, StringComparison.Ordinal);
        Assert.Contains("So long.", learned, StringComparison.Ordinal);
        Assert.DoesNotContain("Hello", learned, StringComparison.Ordinal);
        Assert.DoesNotContain("Bye", learned, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Format_UnfinishedAnswer_LearnsItsWordsAndNoEnd(string model)
    {
        Tokenizer tokenizer = Tokenizer.Load(RepositoryPaths.Golden("models", model));
        ChatTurn[] turns = [new("user", "Hello"), new("assistant", "Hi there, I")];

        FormattedSequence finished = Formatter(model).Format(new Conversation(turns))!;
        FormattedSequence unfinished = Formatter(model).Format(new Conversation(turns, IsUnfinished: true))!;
        FormattedSequence pair = Formatter(model).Format(new PromptCompletion("Hello", " there", IsUnfinished: true))!;

        Assert.Equal(finished.TokenIds[..unfinished.TokenIds.Length], unfinished.TokenIds);
        Assert.EndsWith("Hi there, I", tokenizer.Decode(unfinished.TokenIds, skipSpecial: false));
        Assert.EndsWith(" there", tokenizer.Decode(pair.TokenIds, skipSpecial: false));
    }

    [Fact]
    public void Format_PromptBeyondTheLimit_LeavesNothingToLearn()
    {
        SequenceFormatter formatter = new(Tokenizer.Load(RepositoryPaths.Golden("models", "pair-base")), renderer: null, maxTokens: 4);

        Assert.Null(formatter.Format(new PromptCompletion("A prompt that is much longer than that", " and an answer")));
        Assert.Equal(4, formatter.Format(new PlainText("Running text that is cut off"))!.TokenIds.Length);
    }

    [Fact]
    public void Format_ConversationWithoutTemplate_IsRefused()
    {
        SequenceFormatter formatter = new(Tokenizer.Load(RepositoryPaths.Golden("models", "llama-tiny")), renderer: null, maxTokens: 64);

        var error = Assert.Throws<TrainingException>(() => formatter.Format(new Conversation([new("user", "a"), new("assistant", "b")])));

        Assert.Equal("The data holds conversations, but the model's directory holds no chat template.", error.Message);
    }

    [Fact]
    public void Write_FormattedSequences_AreReadBackEqual()
    {
        using TemporaryDirectory folder = new();
        FormattedSequence[] sequences = [new([1, 2, 3, 4, 5], [false, true, true, false]), new([7, 8], [true]), new([1, 2, 3], [true, false])];

        SequenceFile.Write(folder.File("s.jsonl"), sequences);
        IReadOnlyList<FormattedSequence> read = SequenceFile.Read(folder.File("s.jsonl"));

        Assert.Equal("{\"ids\":[1,2,3,4,5],\"targets\":[[2,4]]}", File.ReadLines(folder.File("s.jsonl")).First());
        foreach ((FormattedSequence expected, FormattedSequence actual) in sequences.Zip(read))
        {
            Assert.Equal(expected.TokenIds, actual.TokenIds);
            Assert.Equal(expected.IsTarget, actual.IsTarget);
        }
    }

    [Theory]
    [InlineData("{\"ids\":[1]}")]
    [InlineData("{\"ids\":[1,2],\"targets\":[[0,1]]}")]
    [InlineData("{\"ids\":[1,2],\"targets\":[[1,9]]}")]
    [InlineData("nonsense")]
    public void Read_DamagedLine_SaysWhich(string line)
    {
        using TemporaryDirectory folder = new();
        folder.Write("s.jsonl", "{\"ids\":[1,2],\"targets\":[[1,2]]}\n" + line + "\n");

        var error = Assert.Throws<TrainingException>(() => SequenceFile.Read(folder.File("s.jsonl")));

        Assert.EndsWith("line 2 is damaged; delete the file to have it written again.", error.Message, StringComparison.Ordinal);
    }

    private static SequenceFormatter Formatter(string model)
    {
        string directory = RepositoryPaths.Golden("models", model);
        return new SequenceFormatter(Tokenizer.Load(directory), ChatTemplateRenderer.Load(directory), maxTokens: 256);
    }
}
