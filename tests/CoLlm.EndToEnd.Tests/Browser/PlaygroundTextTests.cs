using System.Text.Json;

namespace CoLlm.EndToEnd.Tests.Browser;

/// <summary>Texts that no model under test writes: markup, characters in parts, words in crumbs, answers that break off.</summary>
[Collection<SharedServicesCollection>]
public sealed class PlaygroundTextTests(SharedServices services, BrowserProcess browser)
{
    private const string Done = "data: [DONE]\n\n";

    [Fact]
    public async Task Ask_MarkupEverywhere_StaysText()
    {
        const string script = "<script>document.title = 'taken'</script>", image = "<img src=x onerror=\"document.title = 'taken'\">";
        string[] texts = [script, image, " &lt;b&gt; ", "<b>", "\u202Eoverridden\u202C", "</span></div>"];
        await OpenAsync(Start("<b>who</b>") + string.Concat(texts.Select(text => Token(text, expert: "<b>who</b>", isContested: true))) + Summary(texts.Length) + Done);
        SeenPage page = await browser.AskAsync(image);

        Assert.Equal(("finished", string.Concat(texts), image, 0), (page.State, page.Text, page.Question, page.Foreign));
        Assert.Contains($"<b>who</b> {texts.Length}", page.Legend);
        Assert.Empty(page.Problems);
        await browser.HoverAsync(".token[data-index='3'] .ink");
        Assert.Equal("Written by<b>who</b>", (await browser.LookAsync()).Details[1]);
    }

    [Fact]
    public async Task Ask_CharactersInParts_AreWholeOnceTheyHaveCome()
    {
        string[] texts = ["", "", "", "\U0001F469", "\u200D", "\U0001F4BB", " cafe", "\u0301", " \u0928\u092E\u0938\u094D\u0924\u0947", " 中文", "字"];
        await OpenAsync(Start("e") + string.Concat(texts.Select((text, i) => Token(text, expert: i % 2 == 0 ? "e" : null, isContested: i == 0 || i == 7))) + Summary(texts.Length) + Done);
        SeenPage page = await browser.AskAsync("?");

        Assert.Equal(texts, page.Tokens.Select(token => token.Text));
        Assert.Equal(["\U0001F469\u200D\U0001F4BB cafe\u0301"], page.Words.Select(word => word.Word));
        Assert.Equal(0, page.Words[0].Index);
        Assert.DoesNotContain("begins", page.Tokens[4].Look, StringComparison.Ordinal); // A mark there would part the characters that make one.
        Assert.Empty(page.Problems);
    }

    [Theory]
    [InlineData("The| me|dic|ine| am|ox|ic|ill|in| helps.", "5", "amoxicillin")]
    [InlineData("The| me|dic|ine| am|ox|ic|ill|in| helps.", "1,8", "medicine amoxicillin")]
    [InlineData("It| is| 24|,|000| years| old.", "3", "24,000")]
    [InlineData("a| well-|known| (|drug|)|.", "1", "well-known")]
    [InlineData("a| well-|known| (|drug|)|.", "3", "drug")]
    [InlineData("a| well-|known| (|drug|)|.", "6", "drug")]
    [InlineData("one| two|\n|three", "2", "three")]
    [InlineData("one| two|\n|three", "1,3", "two;three")]
    [InlineData("one| two| ", "2", "two")]
    [InlineData("x| =| ...", "2", "...")]
    [InlineData("今日|は|良い|天気|です。", "3", "天気")]
    [InlineData(" | ", "0", "")]
    public async Task Words_OfContestedTokens_AreWhole(string tokens, string contested, string expected)
    {
        await browser.OpenAnyAsync(await services.WithFirst.Process.OpenAiAddress);
        SeenWord[] words = await browser.WordsAsync(tokens.Split('|'), [.. contested.Split(',').Select(int.Parse)]);
        Assert.Equal(expected, string.Join(';', words.Select(word => word.Word)));
        Assert.All(words, word => Assert.Contains((word.Before + word.Word + word.After).Replace("…", "", StringComparison.Ordinal).Trim(), string.Concat(tokens.Replace("|", "", StringComparison.Ordinal).Split('\n').SelectMany(line => line + " ")), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    public async Task Words_OfTokensOneByOne_EqualThoseOfTheWhole(int seed)
    {
        Random random = new(seed);
        string[] texts = [.. Enumerable.Range(0, 400).Select(i => i % 97 == 96 ? "\n" : (random.Next(3) == 0 ? " " : "") + "abcdef,.("[random.Next(9)] + "e")];
        int[] contested = [.. Enumerable.Range(0, texts.Length).Where(_ => random.Next(6) == 0)];
        await browser.OpenAnyAsync(await services.WithFirst.Process.OpenAiAddress);

        SeenWord[] expected = await browser.WordsAsync(texts, contested);
        Assert.InRange(expected.Length, 20, contested.Length);
        Assert.Equal(expected, await browser.ListAsync(texts, contested));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task Events_CutAnywhere_AreWhole(int size)
    {
        await browser.OpenAnyAsync(await services.WithFirst.Process.OpenAiAddress);
        string[] data = ["{\"a\": \"\U0001F469\u200D\U0001F4BB\"}", "中文", "[DONE]"];
        Assert.Equal(data, await browser.EventsAsync(string.Concat(data.Select(item => $"data: {item}\n\n")), size));
    }

    [Fact]
    public async Task Ask_AnswerBreaksOff_KeepsTheTokensAndSaysWhy()
    {
        string failure = Data(new { error = new { message = "No replica of e answers.", type = "server_error", code = "expert_unavailable", param = (string?)null } });
        string begun = Start("e") + Token("half an ", isContested: false);
        await OpenAsync(begun + failure, begun, begun + "data: {\n\n");

        foreach (string sentence in new[] { "No replica of e answers.", "The connection to the router ended before the answer did.", "The router sent an event that is no JSON." })
        {
            SeenPage page = await browser.AskAsync("?");
            Assert.Equal(("failed", sentence, "half an "), (page.State, page.Error, page.Text));
            Assert.EndsWith("broken off", page.Summary, StringComparison.Ordinal);
        }
    }

    private async Task OpenAsync(params string[] bodies) => await browser.OpenAsync(
        await services.WithFirst.Process.OpenAiAddress,
        scripted: [.. bodies.Select(body => new { status = 200, contentType = "text/event-stream; charset=utf-8", body })]);

    private static string Start(string expert) => Data(new { collm = new { mode = "defer", experts = new[] { expert }, threshold = 0.5 } });

    private static string Token(string text, string? expert = null, bool isContested = false)
    {
        Dictionary<string, object?> token = new()
        {
            ["id"] = 1,
            ["text"] = text,
            ["position"] = 1,
            ["origin"] = expert is null ? "base" : "expert",
            ["deferral_probability"] = 0.25,
            ["log_probability"] = -0.5,
            ["reason"] = "below_threshold",
            ["contested"] = isContested,
            ["fallback"] = false,
        };
        if (expert is not null)
            token["expert"] = expert;
        return Data(new { collm = new { tokens = new[] { token } } });
    }

    private static string Summary(int tokenCount) => Data(new
    {
        collm = new { summary = new { tokens = tokenCount, deferral_rate = 0.5, experts = Array.Empty<object>(), finish_reason = "end_of_sequence", times_us = new { total = 1000, queue = 0 } } },
    });

    private static string Data(object value) => $"data: {JsonSerializer.Serialize(value)}\n\n";
}
