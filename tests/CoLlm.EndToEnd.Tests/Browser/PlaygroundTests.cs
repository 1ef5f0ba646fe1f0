using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.Observability;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Protocol.V1;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.Browser;

/// <summary>What the playground shows in a real browser is what a gRPC client gets, and the page works for everybody.</summary>
[Collection<SharedServicesCollection>]
public sealed class PlaygroundTests(SharedServices services, BrowserProcess browser)
{
    private const string Prompt = "The river";
    private const int TokenCount = 40;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("defer", CollaborationMode.Defer)]
    [InlineData("compose", CollaborationMode.Compose)]
    [InlineData("base", CollaborationMode.BaseOnly)]
    [InlineData("expert", CollaborationMode.ExpertOnly)]
    public async Task Ask_AnyMode_ShowsTheTokensAuthorsAndMarksOfTheGrpcAnswer(string word, CollaborationMode mode)
    {
        var request = new GenerateRequest
        {
            Chat = new Chat { Messages = { new ChatMessage { Role = "user", Content = Prompt } } },
            MaxNewTokens = TokenCount,
            Sampling = new SamplingParameters { Temperature = 0.8f, Seed = 11 },
            Collaboration = new Collaboration { Mode = mode },
        };
        if (mode == CollaborationMode.Defer)
            request.Collaboration.Threshold = 0.5f;
        Answered expected = await services.WithBoth.GenerateAsync(request);

        string address = await services.WithBoth.Process.OpenAiAddress;
        await browser.OpenAsync(address);
        await browser.SetAsync(("mode", word), ("temperature", "0.8"), ("seed", "11"), ("max-tokens", $"{TokenCount}"));
        if (mode == CollaborationMode.Defer)
            await browser.SetAsync(("rule", "threshold"), ("limit", "0.5"));
        SeenPage page = await browser.AskAsync(Prompt);

        Assert.Equal(("finished", "", 0), (page.State, page.Error, page.Overflow));
        Assert.Equal(
            expected.Tokens.Select(token => (token.Text, token.Origin.ToString().ToLowerInvariant(), token.IsContested)),
            page.Tokens.Select(token => (token.Text, token.Origin, token.Contested)));
        Assert.All(page.Tokens, token => Assert.Equal(token.Contested, token.Look.Split(' ').Contains("contested")));
        Assert.All(page.Tokens.Zip(expected.Tokens), pair => Assert.Equal(pair.Second.Origin == Origin.Expert, pair.First.Look.Contains($"expert-{pair.Second.ExpertIndex}", StringComparison.Ordinal)));
        Assert.All(expected.Summary!.Experts.Where(expert => expert.TokenCount > 0), expert => Assert.Contains($"{expert.Name} {expert.TokenCount}", page.Legend));
        Assert.StartsWith($"{expected.Tokens.Count} tokens: ", page.Summary, StringComparison.Ordinal);
        Assert.Contains(" expert call", page.Summary, StringComparison.Ordinal);
        Assert.Equal(expected.Tokens.Any(token => token.IsContested), page.Words.Length > 0);
        Assert.Equal(word is "base" or "expert" ? "One model wrote alone, so there was nothing to compare." : "", page.Nothing);
        AssertUndisturbed(page, address);
    }

    [Fact]
    public async Task Point_AtTokenOrWord_TellsWhoWhyAndHowSure()
    {
        string address = await services.WithFirst.Process.OpenAiAddress;
        await browser.OpenAsync(address);
        await browser.SetAsync(("rule", "threshold"), ("limit", "0.5"), ("max-tokens", $"{TokenCount}"));
        SeenPage page = await browser.AskAsync(Prompt);
        int place = Array.FindIndex(page.Tokens, token => token.Origin == "expert" && token.Text.Trim().Length > 0);

        await browser.HoverAsync($".token[data-index='{place}'] .ink");
        string[] hovered = (await browser.LookAsync()).Details;
        Assert.Contains("above the threshold", hovered[0], StringComparison.Ordinal);
        Assert.Equal($"Written by{SharedServices.First}", hovered[1]);
        Assert.StartsWith("Deferral probability0.", hovered[2], StringComparison.Ordinal);
        Assert.EndsWith("threshold 0.500", hovered[2], StringComparison.Ordinal);
        Assert.StartsWith("Log probability", hovered[3], StringComparison.Ordinal);
        Assert.Equal("Fallbackno", hovered[5]);

        await browser.ClickAsync("#check li:last-child .word");
        SeenPage jumped = await browser.LookAsync();
        Assert.Equal($"token {page.Words[^1].Index}", jumped.Focus);
        Assert.StartsWith("Double-checkyes", jumped.Details[4], StringComparison.Ordinal);
        AssertUndisturbed(jumped, address);

        await browser.ClickAsync("#close");
        SeenPage closed = await browser.LookAsync();
        Assert.Equal((0, jumped.Focus), (closed.Details.Length, closed.Focus));
        await browser.HoverAsync($".token[data-index='{page.Words[^1].Index}'] .ink");
        Assert.Equal(jumped.Details, (await browser.LookAsync()).Details);
    }

    [Fact]
    public async Task Keyboard_Alone_AsksWalksThroughTokensAndJumps()
    {
        await browser.OpenAsync(await services.WithFirst.Process.OpenAiAddress);
        await browser.PressAsync("Tab");
        Assert.Equal("prompt", (await browser.LookAsync()).Focus);
        await browser.TypeAsync(Prompt);
        await browser.PressAsync("Tab");
        Assert.Equal("send", (await browser.LookAsync()).Focus);
        await browser.PressAsync("Shift+Tab", "Enter");
        await browser.WhenEndedAsync();
        SeenPage page = await browser.LookAsync();
        Assert.Equal(("finished", "prompt"), (page.State, page.Focus));
        Assert.StartsWith($"The answer has ended: {page.Tokens.Length} tokens, {page.Words.Length} place", page.Status, StringComparison.Ordinal);

        // Send, settings, the answer as one stop, what is said of the token, each word.
        await browser.PressAsync("Tab", "Tab", "Tab", "ArrowRight", "ArrowRight", "ArrowLeft");
        Assert.Equal("token 1", (await browser.LookAsync()).Focus);
        await browser.PressAsync("End");
        Assert.Equal($"token {page.Tokens.Length - 1}", (await browser.LookAsync()).Focus);
        await browser.PressAsync("Tab", "Tab", "Enter");
        Assert.Equal($"token {page.Words[0].Index}", (await browser.LookAsync()).Focus);
    }

    [Fact]
    public async Task Ask_Refused_ShowsTheRoutersSentenceAndWhereItComesFrom()
    {
        string address = await services.WithFirst.Process.OpenAiAddress;
        await browser.OpenAsync(address);
        await browser.SetAsync(("rule", "target_rate"), ("limit", "2"));
        SeenPage page = await browser.AskAsync(Prompt);

        using HttpClient http = new();
        using StringContent body = new(page.Bodies[^1], Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.PostAsync(new Uri(address + "/v1/chat/completions"), body, TestContext.Current.CancellationToken);
        JsonElement error = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement.GetProperty("error");
        Assert.Equal(("failed", error.GetProperty("message").GetString()), (page.State, page.Error));
        Assert.Equal("collm.target_rate is 2; it must be 0 to 1.", page.Error);
        Assert.Equal(["limit"], page.Invalid);

        await browser.SetAsync(("rule", "threshold"), ("limit", "0.5"), ("max-tokens", "3"));
        SeenPage mended = await browser.AskAsync(Prompt);
        Assert.Equal(("finished", "", 0), (mended.State, mended.Error, mended.Invalid.Length));
    }

    [Fact]
    public async Task Stop_WhileAnExpertIsAwaited_GivesThePlaceBack()
    {
        await using CollmProcess expert = await CollmProcess.StartAsync("expert", Settings.Expert(SharedServices.First));
        await using PausingProxy wire = new PausingProxy().Connect(expert.Address);
        await using CollmProcess router = await CollmProcess.StartAsync("router", Settings.Router(null, (SharedServices.First, [wire.Address])));
        await browser.OpenAsync(await router.OpenAiAddress);
        await browser.SetAsync(("rule", "threshold"), ("limit", "0.4"), ("max-tokens", "200"));
        wire.PauseAfter(1500);
        await browser.BeginAsync(Prompt);
        await wire.Paused.WaitAsync(Patience);
        await browser.WaitAsync(".token", 1);
        await WhenScrapedAsync(router, "collm_requests_active\\{model=\"collm\"\\} 1");

        await browser.ClickAsync("#stop");
        await browser.WhenEndedAsync();

        await WhenScrapedAsync(router, "collm_requests_active\\{model=\"collm\"\\} 0");
        await WhenScrapedAsync(router, "collm_answers_total\\{[^}]*finish_reason=\"cancelled\"[^}]*\\} 1");
        SeenPage page = await browser.LookAsync();
        Assert.Equal(("stopped", "", "send"), (page.State, page.Error, page.Focus));
        Assert.InRange(page.Tokens.Length, 1, 199);
        Assert.EndsWith("stopped here", page.Summary, StringComparison.Ordinal);
        wire.Resume();
        using ExpertProbe probe = new(expert);
        await probe.WhenEmptyAsync();
        Assert.Equal("finished", (await browser.AskAsync(Prompt)).State);
    }

    [Fact]
    public async Task Ask_KeyAndNoChatTemplate_AsksForTheKeyAndContinuesTheText()
    {
        using TemporaryDirectory folder = new();
        object settings = new
        {
            Listen = "http://127.0.0.1:0",
            HealthListen = "http://127.0.0.1:0",
            HttpListen = "http://127.0.0.1:0",
            HttpApiKeysPath = folder.Write("keys", "the-right-key\n"),
            Base = new { Directory = RepositoryPaths.Golden("models", "llama-tiny"), Threads = 1, PackedWeights = "Memory", KvTokens = 512 },
        };
        await using CollmProcess router = await CollmProcess.StartAsync("router", settings);
        string address = await router.OpenAiAddress;
        await browser.OpenAsync(address);
        SeenPage closed = await browser.LookAsync();
        Assert.Equal(("idle", "The request has no API key that is known here."), (closed.State, closed.Error));
        Assert.Equal(["key"], closed.Invalid);

        await browser.SetAsync(("key", "the-right-key"), ("max-tokens", "8"));
        SeenPage page = await browser.AskAsync(Prompt);
        using RouterClient client = new(router);
        Answered expected = await client.GenerateAsync(new GenerateRequest { Prompt = Prompt, MaxNewTokens = 8 });

        Assert.Equal(("finished", "", "collm: the base alone"), (page.State, page.Error, page.Model));
        Assert.Equal("The base model has no chat template. The text was continued as it stands.", page.Note);
        Assert.Equal(expected.Tokens.Select(token => token.Text), page.Tokens.Select(token => token.Text));
        Assert.Equal(0, page.Stored);
        await browser.LoadAsync(address);
        Assert.Equal(("", 0), ((await browser.LookAsync()).Key, (await browser.LookAsync()).Stored));
    }

    [Theory]
    [InlineData("light", 1200)]
    [InlineData("dark", 1200)]
    [InlineData("light", 360)]
    [InlineData("dark", 360)]
    public async Task Page_LightOrDarkWideOrNarrow_FitsAndIsAccessible(string scheme, int width)
    {
        string address = await services.WithBoth.Process.OpenAiAddress;
        await browser.OpenAsync(address, width, 740, scheme);
        Assert.Empty(await browser.AuditAsync());
        await browser.SetAsync(("rule", "threshold"), ("limit", "0.5"), ("max-tokens", "60"));
        SeenPage page = await browser.AskAsync(Prompt + new string('x', 200));
        await browser.HoverAsync($".token[data-index='{Array.FindIndex(page.Tokens, token => token.Text.Trim().Length > 0)}'] .ink");

        Assert.Empty(await browser.AuditAsync());
        page = await browser.LookAsync();
        Assert.Equal(("finished", 0), (page.State, page.Overflow));
        Assert.NotEmpty(page.Details);
        AssertUndisturbed(page, address);
    }

    private static async Task WhenScrapedAsync(CollmProcess process, string pattern)
    {
        using CancellationTokenSource limit = new(Patience);
        while (!Regex.IsMatch(await Scrape.ReadAsync(process, "text/plain"), pattern))
            limit.Token.ThrowIfCancellationRequested();
    }

    private static void AssertUndisturbed(SeenPage page, string address)
    {
        Assert.Empty(page.Problems);
        Assert.Equal([new Uri(address).Authority], page.Hosts);
        Assert.Equal((0, 0), (page.Foreign, page.Stored));
    }
}
