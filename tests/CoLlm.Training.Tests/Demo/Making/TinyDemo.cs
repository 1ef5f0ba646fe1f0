using System.Text.Json.Nodes;
using CoLlm.Testing;
using CoLlm.Training.Demo.Making;

namespace CoLlm.Training.Tests.Demo.Making;

/// <summary>The whole making of the demo with models and amounts so small that it takes seconds.</summary>
internal sealed class TinyDemo : IDisposable
{
    private const string Recipe = """
        {
          "corpus": {"questions_per_entity": 1, "sentences_per_wording": 1, "exercises_per_family": 2, "frames_per_task": 2, "expert_exercise_step": 4, "echoes": 4, "echo_frames_per_task": 2, "page_editions": 1, "conversation_repeats": 1},
          "vocabulary_size": 320, "max_sequence_tokens": 48, "max_positions": 512,
          "base_shape": {"hidden_size": 16, "intermediate_size": 32, "layers": 1, "heads": 2, "key_value_heads": 1},
          "expert_shape": {"hidden_size": 24, "intermediate_size": 32, "layers": 1, "heads": 2, "key_value_heads": 2},
          "base_training": {"learning_rate": 0.002, "epochs": 1, "seed": 1},
          "expert_training": {"learning_rate": 0.002, "epochs": 1, "seed": 2},
          "head_fit": {"learning_rate": 0.002, "epochs": 1},
          "joint_training": {"learning_rate": 0.002, "epochs": 1, "seed": 3, "checkpoint_every_steps": 4}
        }
        """;

    /// <summary>One of so many is kept.</summary>
    private const int KeptMedicines = 12;

    private readonly TemporaryDirectory _folder = new();

    public TinyDemo(string? recipe = null) => Paths = new DemoPaths(DataFolder(), _folder.Write("recipe.json", recipe ?? Recipe), _folder.File("work"), _folder.File("models"));

    public DemoPaths Paths { get; }

    public List<string> Log { get; } = [];

    public async Task RunAsync(Action<string>? onLog = null)
    {
        DemoMaker maker = new(Paths, threadCount: 2, TimeProvider.System) { Log = new Lines(Log, onLog) };
        await maker.RunAsync(CancellationToken.None);
    }

    /// <summary>Contents of the published files by path.</summary>
    public Dictionary<string, byte[]> Published() => Directory.EnumerateFiles(Paths.Output, "*", SearchOption.AllDirectories)
        .ToDictionary(path => Path.GetRelativePath(Paths.Output, path), File.ReadAllBytes);

    public void Dispose() => _folder.Dispose();

    /// <summary>The repository's data with few medicines, little conversation, and items about products alone.</summary>
    private string DataFolder()
    {
        string target = _folder.File("data");
        foreach (string file in Directory.EnumerateFiles(DemoFolder.Path, "*.json*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(DemoFolder.Path, file);
            bool isItems = Path.GetDirectoryName(relative) is { Length: > 0 };
            if (isItems && Path.GetFileName(file) != "product.jsonl")
                continue;
            string copy = Path.Combine(target, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.WriteAllLines(copy, isItems ? File.ReadLines(file).Take(2) : relative switch
            {
                "drugs.jsonl" => File.ReadLines(file).Where((_, i) => i % KeptMedicines == 0),
                "conversation.jsonl" => File.ReadLines(file).Take(30),
                "split.json" => [SplitOfKept(file)],
                _ => File.ReadLines(file),
            });
        }

        return target;
    }

    private static string SplitOfKept(string file)
    {
        JsonNode split = JsonNode.Parse(File.ReadAllText(file))!;
        HashSet<string> kept = [.. DemoFolder.Library.Drugs.Where((_, i) => i % KeptMedicines == 0).Select(drug => drug.Id)];
        JsonObject drugs = split["drugs"]!.AsObject();
        foreach (string name in drugs.Select(entry => entry.Key).ToArray())
            drugs[name] = new JsonArray([.. drugs[name]!.AsArray().Select(id => id!.GetValue<string>()).Where(kept.Contains).Select(id => (JsonNode)id)]);
        return split.ToJsonString();
    }

    private sealed class Lines(List<string> log, Action<string>? onLog) : IProgress<string>
    {
        public void Report(string value)
        {
            log.Add(value);
            onLog?.Invoke(value);
        }
    }
}
