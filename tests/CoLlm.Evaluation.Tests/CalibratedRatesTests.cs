using System.Text.Json.Nodes;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Evaluation.Reports;
using CoLlm.Evaluation.Systems;
using CoLlm.Evaluation.Tasks;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Evaluation.Tests;

/// <summary>Evaluations at calibrated rates, with a swap head file for two experts.</summary>
public sealed class CalibratedRatesTests : IDisposable
{
    private static readonly EvaluationItem[] Items =
    [
        .. Enumerable.Range(0, 12).Select(i => new EvaluationItem(
            $"item/{i}", "task", $"Tell me about the bear number {i}, please.", MetricKind.ExactMatch, [["a bear"]], null, [", "])),
    ];

    private static readonly EvaluationOptions Options = new() { Rates = [0f, 0.5f], Kinds = ["collm", "random"], MaxNewTokens = 16, ThreadCount = 1 };

    private readonly TemporaryDirectory _model = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "pair-base"));
    private readonly TemporaryDirectory _first = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "pair-expert"));
    private readonly TemporaryDirectory _second = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "llama-tiny"));
    private readonly TemporaryDirectory _output = new();

    [Fact]
    public async Task Run_CalibratedRate_IsFollowedByRandomDeferralAtTheRealisedRate()
    {
        WriteHead(_first.Path, _second.Path);
        EvaluationReport report = await RunAsync();

        Assert.Equal(["collm@0", "collm@0.5", "random@0.5"], report.Systems.Select(system => system.Name));
        Assert.Equal(0, report.Systems[0].DeferralRate);
        Assert.InRange(report.Systems[1].DeferralRate, 0.05, 0.95);
        Assert.Equal(report.Systems[1].DeferralRate, report.Systems[2].DeferralRate, 0.2);
        Assert.All(report.Systems, system => Assert.Equal(system.DeferralRate * system.TokensPerAnswer, system.ExpertTokensPerAnswer, 9));
    }

    [Fact]
    public async Task Run_RandomDeferral_FallsOnOtherPlacesInEveryAnswer()
    {
        WriteHead(_first.Path, _second.Path);
        await RunAsync();

        // The first ten questions are equally long, so places that depended on the seed alone would give each the same number.
        int[] expertTokens =
        [
            .. File.ReadLines(Path.Combine(_output.File("report"), ModelEvaluation.ResultsFileName)).Select(line => JsonNode.Parse(line)!)
                .Where(line => line["system"]?.GetValue<string>() == "random@0.5").Take(10).Select(line => line["expert_tokens"]!.GetValue<int>()),
        ];
        Assert.Equal(10, expertTokens.Length);
        Assert.True(expertTokens.Distinct().Count() > 2, string.Join(", ", expertTokens));
    }

    [Fact]
    public async Task Run_HeadOfOtherExperts_IsRefused()
    {
        WriteHead(_second.Path, _first.Path);
        Assert.Contains("expert first", (await Assert.ThrowsAsync<CheckpointException>(RunAsync)).Message);
    }

    [Fact]
    public async Task Run_OtherCalibrationInTheSameFolder_IsRefused()
    {
        WriteHead(_first.Path, _second.Path);
        await RunAsync();
        WriteHead(_first.Path, _second.Path, threshold: 0.9f);
        Assert.Contains("other models, items or settings", (await Assert.ThrowsAsync<EvaluationException>(RunAsync)).Message);
    }

    public void Dispose()
    {
        foreach (TemporaryDirectory folder in new[] { _model, _first, _second, _output })
            folder.Dispose();
    }

    private Task<EvaluationReport> RunAsync() => ModelEvaluation.RunAsync(
        new ModelDirectories { Model = _model.Path, Experts = [("first", _first.Path), ("second", _second.Path)] },
        Items, Options, _output.File("report"), command: null, progress: null, CancellationToken.None);

    /// <summary>A head whose two rows point in opposite directions, so that either expert gets work.</summary>
    private void WriteHead(string first, string second, float threshold = 0.8f)
    {
        using Checkpoint model = Checkpoint.Open(_model.Path);
        using Checkpoint firstExpert = Checkpoint.Open(first);
        using Checkpoint secondExpert = Checkpoint.Open(second);
        int width = model.Config.HiddenSize;
        float[] theta = [.. Enumerable.Range(0, width).Select(i => MathF.Sin(i) * 0.2f)];
        CalibrationTable table = CalibrationTable.TryCreate([new(0f, 1f), new(0.5f, threshold), new(0.9f, 0.1f)], out _)!;
        SwapHeadIdentity identity = new(
            model.Fingerprint, Tokenizer.Load(_model.Path).Fingerprint, [new("first", firstExpert.Fingerprint), new("second", secondExpert.Fingerprint)]);
        new SwapHeadFile(new SwapHead([.. theta, .. theta.Select(value => -value)], width), identity, table).Write(_model.File(ModelSet.SwapHeadFileName));
    }
}
