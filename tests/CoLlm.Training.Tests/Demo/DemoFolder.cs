using CoLlm.Testing;
using CoLlm.Training.Demo;
using CoLlm.Training.Demo.Data;

namespace CoLlm.Training.Tests.Demo;

/// <summary>The repository's demo data, read once, and corpora small enough for tests.</summary>
internal static class DemoFolder
{
    public static string Path { get; } = System.IO.Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo", "data");

    public static DemoLibrary Library { get; } = DemoLibrary.Load(Path);

    public static DemoCorpus Full { get; } = new(Library, new DemoCorpusOptions());

    public static DemoCorpus Small(ulong seed = 5) =>
        new(Library, new DemoCorpusOptions { Seed = seed, QuestionsPerEntity = 2, SentencesPerWording = 1, ExercisesPerFamily = 4, FramesPerTask = 6 });
}
