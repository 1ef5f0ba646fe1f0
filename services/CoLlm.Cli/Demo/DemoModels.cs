using CoLlm.Training.Pipeline;

namespace CoLlm.Cli.Demo;

/// <summary>The folder with the demo's models: <c>base</c> with its swap head, and every other model in it an expert named as its folder.</summary>
/// <param name="Folder">Full path.</param>
/// <param name="Experts">Names, in order.</param>
internal sealed record DemoModels(string Folder, IReadOnlyList<string> Experts)
{
    private const string BaseName = "base";
    private static readonly string Usual = Path.Combine("deploy", "models", "demo");

    public string Base => DirectoryOf(BaseName);

    public string SwapHead => Path.Combine(Base, TrainingPipeline.SwapHeadFileName);

    public string Questions => Path.Combine(Folder, "data", "demo_questions.jsonl");

    public string DirectoryOf(string model) => Path.Combine(Folder, model);

    /// <summary>The models in a folder, or those of the checkout that the demo is run in or was built from.</summary>
    /// <param name="folder">Null: looks for the checkout.</param>
    /// <param name="starts">Folders from which it is looked for upwards.</param>
    /// <exception cref="DemoException">There are none.</exception>
    public static DemoModels Find(string? folder, params IEnumerable<string> starts)
    {
        if (folder is not null)
            return Open(Path.GetFullPath(folder)) ?? throw Missing(folder);
        string[] places = [.. starts.SelectMany(Upwards).Select(place => Path.Combine(place, Usual)).Where(Directory.Exists).Distinct()];
        return places.Select(Open).FirstOrDefault(models => models is not null) ?? throw Missing(places.FirstOrDefault() ?? Usual);
    }

    private static DemoModels? Open(string folder)
    {
        string[] models = Directory.Exists(folder)
            ? [.. Directory.EnumerateDirectories(folder).Where(model => File.Exists(Path.Combine(model, "config.json"))).Select(model => Path.GetFileName(model))]
            : [];
        var found = new DemoModels(folder, [.. models.Where(model => model != BaseName).Order(StringComparer.Ordinal)]);
        return found.Experts.Count > 0 && File.Exists(found.SwapHead) ? found : null;
    }

    private static IEnumerable<string> Upwards(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            yield return folder.FullName;
    }

    private static DemoException Missing(string folder) => new(
        $"{folder} does not hold the demo's models (base with {TrainingPipeline.SwapHeadFileName}, and one folder for each expert). "
        + "`collm demo-train --work DIR` makes them; --models DIR names another folder.");
}
