using System.Text.Json;
using CoLlm.Evaluation.Tasks;
using CoLlm.Testing;

namespace CoLlm.Evaluation.Tests.Demo;

/// <summary>What the evaluation in the repository says of the demo's models.</summary>
public sealed class DemoReportTests
{
    private static readonly string Folder = Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo");

    private readonly Dictionary<string, JsonElement> _systems = [];
    private readonly JsonElement _report;

    public DemoReportTests()
    {
        _report = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "report", "report.json"))).RootElement;
        foreach (JsonElement system in _report.GetProperty("systems").EnumerateArray())
            _systems[system.GetProperty("name").GetString()!] = system;
    }

    [Fact]
    public void Report_Items_AreAllThatWereHeldOut() =>
        Assert.Equal(TaskFile.Read(Path.Combine(Folder, "data", "tasks")).Count, _report.GetProperty("item_count").GetInt32());

    [Fact]
    public void Report_Collaboration_IsBestOfAllByMuch()
    {
        (string name, double score) = Best("collm");
        Assert.InRange(Rate(name), 0.01, 0.5);
        Assert.True(score >= Score("base") + 0.3, $"{name}: {score}, base: {Score("base")}");
        Assert.True(score >= Score("finetuned") + 0.3, $"{name}: {score}, finetuned: {Score("finetuned")}");
        Assert.All(["expert", "more-confident", "contrastive", "proxy", "random"], kind => Assert.True(score >= Best(kind).Score + 0.1, $"{name}: {score}, {Best(kind)}"));
    }

    [Fact]
    public void Report_CollaborationAtAnyRate_BeatsChanceAtTheSameRate()
    {
        string[] settings = [.. _systems.Keys.Where(name => name.StartsWith("random@", StringComparison.Ordinal)).Select(name => name["random".Length..])];
        Assert.NotEmpty(settings);
        Assert.All(settings, setting => Assert.True(Score("collm" + setting) > Score("random" + setting), setting));
    }

    private (string Name, double Score) Best(string kind) => _systems
        .Where(system => system.Value.GetProperty("kind").GetString() == kind && (kind != "collm" || Rate(system.Key) < 0.5))
        .Select(system => (system.Key, Score(system.Key))).MaxBy(system => system.Item2);

    private double Score(string name) => _systems[name].GetProperty("all").GetProperty("mean").GetDouble();

    private double Rate(string name) => _systems[name].GetProperty("deferral_rate").GetDouble();
}
