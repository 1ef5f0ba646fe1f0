using System.Text.Json;
using CoLlm.Testing;
using CoLlm.Testing.Golden;

namespace CoLlm.Cli.Tests.Commands;

public sealed class CompleteCommandTests
{
    public static TheoryData<string> Names => [.. GoldenModel.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Complete_EveryPrompt_GivesTheExpectedGreedyTokens(string name)
    {
        using GoldenModel model = GoldenModel.Open(name);
        using TemporaryDirectory folder = CollmRun.CopyOfModel(name);
        string[] restriction = model.UsableVocabulary < int.MaxValue ? ["--vocab-size", $"{model.UsableVocabulary}"] : [];
        string input = string.Concat(GoldenModel.Prompts.Select(p => CollmRun.IdsLine(model.PromptIds(p))));

        CollmRun run = await CollmRun.OfAsync(input, ["complete", "--model", folder.Path, "--max-tokens", "32", "--ignore-eos", .. restriction]);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(GoldenModel.Prompts.Select(p => model.Greedy(p)), run.Lines.Select(Ids));
    }

    [Fact]
    public async Task Complete_ModelWithDeferralRow_NeverChoosesPaddingOrDeferral()
    {
        using GoldenModel model = GoldenModel.Open("co-llm-tiny");
        using TemporaryDirectory folder = CollmRun.CopyOfModel("co-llm-tiny");

        CollmRun run = await CollmRun.OfAsync(
            CollmRun.IdsLine(model.PromptIds("text")), "complete", "--model", folder.Path, "--max-tokens", "32", "--ignore-eos");

        Assert.Equal(model.Greedy("text"), Ids(Assert.Single(run.Lines)));
    }

    [Fact]
    public async Task Complete_ChosenTokenEndsAnswers_StopsThereAndIncludesIt()
    {
        using GoldenModel model = GoldenModel.Open("pair-base");
        using TemporaryDirectory folder = CollmRun.CopyOfModel("pair-base");
        int[] greedy = model.Greedy("short");
        folder.Write("generation_config.json", $"{{\"eos_token_id\": [{greedy[5]}]}}");

        CollmRun run = await CollmRun.OfAsync(CollmRun.IdsLine(model.PromptIds("short")), "complete", "--model", folder.Path, "--max-tokens", "32");

        Assert.Equal(greedy[..(Array.IndexOf(greedy, greedy[5]) + 1)], Ids(Assert.Single(run.Lines)));
    }

    [Fact]
    public async Task Complete_ContextEndsFirst_StopsThere()
    {
        using TemporaryDirectory folder = CollmRun.CopyOfModel("pair-base");

        CollmRun run = await CollmRun.OfAsync(
            CollmRun.IdsLine([.. Enumerable.Repeat(7, 510)]) + CollmRun.IdsLine([.. Enumerable.Repeat(7, 513)]),
            "complete", "--model", folder.Path, "--max-tokens", $"{int.MaxValue}", "--ignore-eos");

        Assert.Equal(3, Ids(run.Lines[0]).Length);
        Assert.Equal("The session asks for 513 tokens, but the model's context holds 512.", run.Lines[1].GetProperty("error").GetString());
    }

    [Theory]
    [InlineData("--max-tokens", "0")]
    [InlineData("--max-tokens", "8", "--vocab-size", "513")]
    public async Task Complete_OptionOutOfRange_IsRefused(params string[] options)
    {
        using TemporaryDirectory folder = CollmRun.CopyOfModel("pair-base");

        CollmRun run = await CollmRun.OfAsync("", ["complete", "--model", folder.Path, .. options]);

        Assert.NotEqual(0, run.ExitCode);
    }

    private static int[] Ids(JsonElement line) => [.. line.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32())];
}
