using System.Text.Json;
using CoLlm.Testing;
using CoLlm.Training.Demo;
using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Tests.Demo;

/// <summary>The files that training and evaluation read.</summary>
public sealed class DemoCorpusFilesTests
{
    [Fact]
    public void Write_SmallCorpus_GivesTheSameFilesTwice()
    {
        using TemporaryDirectory first = new();
        using TemporaryDirectory second = new();
        new DemoCorpusFiles(DemoFolder.Small(), DemoFolder.Path).Write(first.Path, CancellationToken.None);
        new DemoCorpusFiles(DemoFolder.Small(), DemoFolder.Path).Write(second.Path, CancellationToken.None);

        string[] names = [.. Directory.EnumerateFiles(first.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        Assert.Equal(["base.jsonl", "expert-mathematics.jsonl", "expert-medicine.jsonl", "held_out.jsonl", "joint.jsonl", "tokenizer.jsonl", "validation.jsonl"], names);
        Assert.All(names, name => Assert.Equal(File.ReadAllBytes(first.File(name)), File.ReadAllBytes(second.File(name))));
        JsonElement[] lines = [.. File.ReadLines(first.File("base.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.All(lines, line => Assert.Equal("assistant", line.GetProperty("messages")[1].GetProperty("role").GetString()));
        Assert.Contains(lines, line => line.TryGetProperty("unfinished", out _));
    }

    [Fact]
    public void Write_LeakInTheConversation_WritesNoBaseFile()
    {
        DemoLibrary library = DemoFolder.Library;
        library = library with { Conversation = [.. library.Conversation, new SmallTalk("planted", "How are you?", "I took Augmentin.")] };
        using TemporaryDirectory folder = new();
        DemoCorpusFiles files = new(new DemoCorpus(library, new DemoCorpusOptions { ExercisesPerFamily = 1, FramesPerTask = 1 }), DemoFolder.Path);

        Assert.Contains("planted", Assert.Throws<TrainingException>(() => files.Write(folder.Path, CancellationToken.None)).Message);
        Assert.False(File.Exists(folder.File("tokenizer.jsonl")));
        Assert.False(File.Exists(folder.File("base.jsonl")));
    }

    [Fact]
    public void Write_Cancelled_Stops()
    {
        using TemporaryDirectory folder = new();
        Assert.Throws<OperationCanceledException>(() => new DemoCorpusFiles(DemoFolder.Small(), DemoFolder.Path).Write(folder.Path, new CancellationToken(canceled: true)));
    }
}
