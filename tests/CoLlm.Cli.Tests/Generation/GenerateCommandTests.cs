using CoLlm.Cli.Generation;
using CoLlm.Cli.Tests.Commands;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Spectre.Console;
using Status = Grpc.Core.Status;

namespace CoLlm.Cli.Tests.Generation;

/// <summary><c>collm generate</c> against a router that says what a test tells it to.</summary>
public sealed class GenerateCommandTests
{
    [Fact]
    public async Task Generate_EveryOption_IsInTheRequest()
    {
        await using ScriptedRouter router = await ScriptedRouter.StartAsync();
        CollmRun run = await CollmRun.OfAsync(
            "", "generate", "--address", router.Address, "hello", "--model", "m", "--system", "be brief", "--max-tokens", "9", "--temperature", "0.5",
            "--top-k", "7", "--top-p", "0.9", "--min-p", "0.1", "--repetition-penalty", "1.2", "--seed", "42", "--stop", "a", "--stop", "b", "--stop-id", "3",
            "--ignore-eos", "--mode", "compose", "--threshold", "-1", "--warm-up", "4", "--max-deferrals", "5", "--max-deferral-rate", "0.5",
            "--expert", "maths", "--when-unavailable", "base", "--expert-wait-ms", "100", "--contested-margin", "0.2");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var expected = new GenerateRequest
        {
            Model = "m",
            MaxNewTokens = 9,
            Chat = new Chat { Messages = { new ChatMessage { Role = "system", Content = "be brief" }, new ChatMessage { Role = "user", Content = "hello" } } },
            Sampling = new SamplingParameters { Temperature = 0.5f, TopK = 7, TopP = 0.9f, MinP = 0.1f, RepetitionPenalty = 1.2f, Seed = 42 },
            Stop = new StopConditions { Strings = { "a", "b" }, TokenIds = { 3 }, IgnoreEndOfSequence = true },
            Collaboration = new Collaboration
            {
                Mode = CollaborationMode.Compose,
                Threshold = -1f,
                WarmUpTokens = 4,
                Budget = new DeferralBudget { MaxDeferrals = 5, MaxRate = 0.5f },
                Experts = { "maths" },
                WhenUnavailable = WhenExpertUnavailable.Base,
                ExpertWaitMs = 100,
                ContestedMargin = 0.2f,
            },
        };
        Assert.Equal(expected, router.Request);
    }

    [Fact]
    public async Task Generate_NoPrompt_ReadsStandardInput()
    {
        await using ScriptedRouter router = await ScriptedRouter.StartAsync();
        await CollmRun.OfAsync("from a pipe\n", "generate", "--address", router.Address);
        Assert.Equal("from a pipe\n", router.Request!.Prompt);
    }

    [Fact]
    public async Task Generate_Json_WritesEveryEventAsALine()
    {
        await using ScriptedRouter router = await ScriptedRouter.StartAsync();
        router.Events.AddRange(Answer());
        CollmRun run = await CollmRun.OfAsync("", "generate", "--address", router.Address, "hello", "--json");

        Assert.Equal(5, run.Lines.Length);
        Assert.Equal("ORIGIN_EXPERT", run.Lines[2].GetProperty("token").GetProperty("origin").GetString());
        Assert.Equal("FINISH_REASON_MAX_TOKENS", run.Lines[4].GetProperty("summary").GetProperty("finishReason").GetString());
    }

    [Fact]
    public async Task Generate_PlainOutput_IsTheTextAndASummaryLine()
    {
        await using ScriptedRouter router = await ScriptedRouter.StartAsync();
        router.Events.AddRange(Answer());
        CollmRun run = await CollmRun.OfAsync("", "generate", "--address", router.Address, "hello");

        string[] lines = run.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(["a  plain", "line, then more", lines[^1]], lines);
        Assert.Contains("3 tokens · 2 by the base · 1 by maths (1 calls, 2 passes, 40 bytes) · 1 to double-check", lines[^1], StringComparison.Ordinal);
        Assert.Contains("threshold 0.5", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_Refused_SaysTheSentenceAndTheReason()
    {
        await using ScriptedRouter router = await ScriptedRouter.StartAsync();
        router.Refusal = new RpcException(
            new Status(StatusCode.InvalidArgument, "top_p is 0."), new Metadata { { FailureReasons.ReasonTrailer, "invalid_parameter" } });
        CollmRun run = await CollmRun.OfAsync("", "generate", "--address", router.Address, "hello");
        Assert.Equal((2, "collm generate: top_p is 0. (invalid_parameter)\n"), (run.ExitCode, run.Error));
    }

    [Theory]
    [InlineData("--address", "nowhere")]
    [InlineData("--mode", "magic")]
    [InlineData("--threshold", "0.1", "--target-rate", "0.2")]
    public async Task Generate_CommandLineWrong_ExitsWithOne(params string[] options) =>
        Assert.Equal(1, (await CollmRun.OfAsync("", ["generate", "hello", .. options])).ExitCode);

    [Fact]
    public void Print_ExpertAndContestedTokens_AreColouredAndUnderlined()
    {
        using var written = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(written),
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.Standard,
        });
        console.Profile.Width = 1 << 16;
        var printer = new AnswerPrinter(console, new AnswerLayout(AnswerMarks.Colors));
        foreach (GenerateResponse response in Answer())
            printer.Print(response);

        Assert.StartsWith("a  plain\nline\u001b[4;32m, then\u001b[0m more", written.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    private static GenerateResponse[] Answer() =>
    [
        new() { Started = new Started { Experts = { "maths" }, Threshold = 0.5f } },
        new() { Token = new TokenEvent { Text = "a  plain\nline", Origin = Origin.Base } },
        new() { Token = new TokenEvent { Text = ", then", Origin = Origin.Expert, IsContested = true } },
        new() { Token = new TokenEvent { Text = " more", Origin = Origin.Base } },
        new()
        {
            Summary = new Summary
            {
                FinishReason = FinishReason.MaxTokens,
                TokenCount = 3,
                BaseTokenCount = 2,
                ContestedTokenCount = 1,
                Experts = { new ExpertUsage { Name = "maths", TokenCount = 1, CallCount = 1, PassCount = 2, BytesUp = 10, BytesDown = 30 } },
                Times = new StageTimes(),
            },
        },
    ];
}
