using CoLlm.Testing;
using CoLlm.Training.Data;

namespace CoLlm.Training.Tests.Data;

public sealed class DatasetReaderTests
{
    [Fact]
    public void Read_ThreeForms_GivesThreeKinds()
    {
        using TemporaryDirectory folder = new();
        folder.Write("d.jsonl", """
            {"text":"a", "source":"somewhere"}

            {"prompt":"b","completion":"c"}
            {"messages":[{"role":"user","content":"d"},{"role":"assistant","content":"e"}]}
            """);

        IReadOnlyList<TrainingText> examples = DatasetReader.Read(folder.File("d.jsonl"));

        Assert.Equal(new PlainText("a"), examples[0]);
        Assert.Equal(new PromptCompletion("b", "c"), examples[1]);
        Assert.Equal([new ChatTurn("user", "d"), new ChatTurn("assistant", "e")], ((Conversation)examples[2]).Turns);
    }

    [Fact]
    public void Read_Unfinished_IsKept()
    {
        using TemporaryDirectory folder = new();
        folder.Write("d.jsonl", """
            {"prompt":"b","completion":"c","unfinished":true}
            {"messages":[{"role":"user","content":"d"},{"role":"assistant","content":"e"}],"unfinished":true}
            {"messages":[{"role":"user","content":"d"},{"role":"assistant","content":"e"}],"unfinished":false}
            """);

        IReadOnlyList<TrainingText> examples = DatasetReader.Read(folder.File("d.jsonl"));

        Assert.Equal(new PromptCompletion("b", "c", IsUnfinished: true), examples[0]);
        Assert.Equal((true, false), (((Conversation)examples[1]).IsUnfinished, ((Conversation)examples[2]).IsUnfinished));
    }

    [Theory]
    [InlineData("[1]", "is not a JSON object")]
    [InlineData("{\"text\": }", "is not valid JSON")]
    [InlineData("{\"text\":\"\\ud800\"}", "is not valid JSON")]
    [InlineData("{\"question\":\"a\"}", "has none of the fields 'messages', 'prompt' and 'text'")]
    [InlineData("{\"prompt\":\"a\"}", "lacks 'completion'")]
    [InlineData("{\"prompt\":\"a\",\"completion\":3}", "has 'completion' that is not a text")]
    [InlineData("{\"messages\":[]}", "has 'messages' that are not a list of 1 to 10000 messages")]
    [InlineData("{\"messages\":[3]}", "has a message 0 that is not an object")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", "has no message of the assistant, so nothing to learn")]
    [InlineData("{\"messages\":[{\"role\":\"user\"}]}", "lacks 'content'")]
    [InlineData("{\"prompt\":\"a\",\"completion\":\"b\",\"unfinished\":1}", "has 'unfinished' that is neither true nor false")]
    [InlineData(
        "{\"unfinished\":true,\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"b\"}]}",
        "is unfinished, but its last message is not the assistant's")]
    public void Read_BrokenLine_SaysFileLineAndWhat(string line, string what)
    {
        using TemporaryDirectory folder = new();
        folder.Write("d.jsonl", "{\"text\":\"fine\"}\n" + line + "\n");

        var error = Assert.Throws<TrainingException>(() => DatasetReader.Read(folder.File("d.jsonl")));

        Assert.Equal($"{folder.File("d.jsonl")}: line 2 {what}.", error.Message);
    }

    [Fact]
    public void Read_NoFileOrNoExample_IsASentence()
    {
        using TemporaryDirectory folder = new();
        folder.Write("empty.jsonl", "\n\n");

        Assert.Contains("cannot be read", Assert.Throws<TrainingException>(() => DatasetReader.Read(folder.File("none"))).Message, StringComparison.Ordinal);
        Assert.EndsWith("it holds no example.", Assert.Throws<TrainingException>(() => DatasetReader.Read(folder.File("empty.jsonl"))).Message, StringComparison.Ordinal);
    }
}
