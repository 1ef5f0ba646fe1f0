using System.Text.Json;
using CoLlm.Testing;
using CoLlm.Testing.Golden;

namespace CoLlm.Cli.Tests.Commands;

public sealed class ScoreCommandTests
{
    public static TheoryData<string> Names => [.. GoldenModel.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Score_SixtyFourTokens_GivesTheExpectedLogProbabilities(string name)
    {
        using GoldenModel model = GoldenModel.Open(name);
        using TemporaryDirectory folder = CollmRun.CopyOfModel(name);

        CollmRun run = await CollmRun.OfAsync(CollmRun.IdsLine(model.SequenceIds), "score", "--model", folder.Path);

        Assert.Equal(0, run.ExitCode);
        JsonElement answer = Assert.Single(run.Lines);
        CheckClose(model, "seq64.gold_logprob", answer, "log_probs", GoldenTolerance.LogProbability);
        CheckClose(model, "seq64.max_logprob", answer, "max_log_probs", GoldenTolerance.LogProbability);
        Assert.Equal(model.HasDeferralColumn, answer.TryGetProperty("deferral_probs", out _));
        if (model.HasDeferralColumn)
            CheckClose(model, "seq64.defer_prob", answer, "deferral_probs", GoldenTolerance.DeferralProbability);
    }

    [Fact]
    public async Task Score_MoreTokensThanOneCallReturns_ScoresAllOfThem()
    {
        using GoldenModel model = GoldenModel.Open("co-llm-tiny");
        using TemporaryDirectory folder = CollmRun.CopyOfModel("co-llm-tiny");

        CollmRun run = await CollmRun.OfAsync(CollmRun.IdsLine(model.PromptIds("long")), "score", "--model", folder.Path);

        JsonElement answer = Assert.Single(run.Lines);
        Assert.Equal(199, answer.GetProperty("log_probs").GetArrayLength());
        CheckClose(model, "long.defer_prob", answer, "deferral_probs", GoldenTolerance.DeferralProbability);
    }

    [Fact]
    public async Task Score_FailingLines_AreAnsweredInPlaceAndTheRunGoesOn()
    {
        using TemporaryDirectory folder = CollmRun.CopyOfModel("llama-tiny");
        string tooLong = CollmRun.IdsLine([.. Enumerable.Repeat(1, 513)]);

        CollmRun run = await CollmRun.OfAsync(
            "{\"ids\": [1, 512]}\n" + tooLong + "{\"ids\": [1, 5, 9]}\n{\"ids\": []}\n{\"ids\": [1]}\nnonsense\n", "score", "--model", folder.Path);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal("Token 1 of the call is 512, outside the vocabulary of 512.", run.Lines[0].GetProperty("error").GetString());
        Assert.Equal("The session asks for 513 tokens, but the model's context holds 512.", run.Lines[1].GetProperty("error").GetString());
        Assert.Equal(2, run.Lines[2].GetProperty("log_probs").GetArrayLength());
        Assert.Equal(0, run.Lines[3].GetProperty("log_probs").GetArrayLength());
        Assert.Equal(0, run.Lines[4].GetProperty("log_probs").GetArrayLength());
        Assert.True(run.Lines[5].TryGetProperty("error", out _));
    }

    [Theory]
    [InlineData("Int8")]
    [InlineData("Int4")]
    public async Task Score_RoundedWeights_AreWhatIsScored(string weights)
    {
        using GoldenModel model = GoldenModel.Open("llama-tiny");
        using TemporaryDirectory folder = CollmRun.CopyOfModel("llama-tiny");

        CollmRun run = await CollmRun.OfAsync(CollmRun.IdsLine(model.SequenceIds), "score", "--model", folder.Path, "--weights", weights);

        float[] exact = model.Tensor("seq64.gold_logprob");
        double[] rounded = [.. Assert.Single(run.Lines).GetProperty("log_probs").EnumerateArray().Select(e => e.GetDouble())];
        Assert.All(rounded, logProbability => Assert.InRange(logProbability, -40, 0));
        Assert.True(rounded.Zip(exact, (r, e) => Math.Abs(r - e)).Average() > 1e-3, "The weights were not rounded.");
    }

    [Fact]
    public async Task Score_NoModelThere_SaysSoAndEndsWithTwo()
    {
        using TemporaryDirectory folder = new();

        CollmRun run = await CollmRun.OfAsync("{\"ids\": [1]}\n", "score", "--model", folder.Path);

        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Contains("it holds no config.json.", run.Error, StringComparison.Ordinal);
    }

    private static void CheckClose(GoldenModel model, string tensor, JsonElement answer, string field, float tolerance) =>
        GoldenTolerance.AssertClose(model.Tensor(tensor), [.. answer.GetProperty(field).EnumerateArray().Select(e => e.GetSingle())], tolerance, field);
}
