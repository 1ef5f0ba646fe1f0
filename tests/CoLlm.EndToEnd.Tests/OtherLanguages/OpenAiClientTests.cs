using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.Protocol.V1;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.OtherLanguages;

/// <summary>OpenAI's own client works against a router unchanged, and gets what a gRPC client gets.</summary>
[Collection<SharedServicesCollection>]
public sealed class OpenAiClientTests(SharedServices services)
{
    private const string Prompt = "The river";
    private const int TokenCount = 24;

    private static readonly JsonSerializerOptions WithoutNulls = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Create_WholeOrStreamed_BringsTheTokensOfTheGrpcAnswer(bool isChat, bool streams)
    {
        var request = new GenerateRequest
        {
            MaxNewTokens = TokenCount,
            Stop = new StopConditions { IgnoreEndOfSequence = true },
            Collaboration = new Collaboration { Threshold = 0.5f },
        };
        if (isChat)
            request.Chat = new Chat { Messages = { new ChatMessage { Role = "user", Content = Prompt } } };
        else
            request.Prompt = Prompt;
        Answered expected = await services.WithFirst.GenerateAsync(request);

        JsonElement result = await AskAsync(isChat ? "chat" : "completions", new
        {
            model = "collm",
            prompt = isChat ? null : Prompt,
            messages = isChat ? new[] { new { role = "user", content = Prompt } } : null,
            max_tokens = TokenCount,
            ignore_eos = true,
            stream = streams,
            collm = new { threshold = 0.5 },
        });

        JsonElement[] bodies = streams ? [.. result.GetProperty("chunks").EnumerateArray()] : [result.GetProperty("whole")];
        JsonElement[] tokens = [.. bodies.Select(body => body.GetProperty("collm")).Where(ours => ours.TryGetProperty("tokens", out _))
            .SelectMany(ours => ours.GetProperty("tokens").EnumerateArray())];
        Assert.Equal(
            expected.Tokens.Select(token => (token.TokenId, token.Text, token.Origin.ToString().ToLowerInvariant())),
            tokens.Select(token => (token.GetProperty("id").GetInt32(), token.GetProperty("text").GetString()!, token.GetProperty("origin").GetString()!)));
        Assert.Equal(string.Concat(expected.Tokens.Select(token => token.Text)), string.Concat(bodies.Select(body => TextOf(body, isChat, streams))));
        Assert.Equal("length", bodies[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task List_Models_HasTheRouters() =>
        Assert.Equal("collm", (await AskAsync("models", null)).GetProperty("models")[0].GetString());

    [Theory]
    [InlineData("""{ "model": "other", "prompt": "a" }""", "NotFoundError", 404, "model")]
    [InlineData("""{ "model": "collm", "prompt": "a", "n": 2 }""", "BadRequestError", 400, "n")]
    [InlineData("""{ "model": "collm", "prompt": "a", "collm": { "mode": "magic" } }""", "BadRequestError", 400, "collm.mode")]
    public async Task Create_Refused_ThrowsTheClientsOwnError(string body, string kind, int status, string parameter)
    {
        JsonElement error = (await AskAsync("completions", JsonDocument.Parse(body).RootElement)).GetProperty("error");
        Assert.Equal(
            (kind, status, parameter),
            (error.GetProperty("kind").GetString(), error.GetProperty("status").GetInt32(), error.GetProperty("param").GetString()));
    }

    [Fact]
    public async Task Create_AbortedInTheMiddle_FreesBothKeyValuePools()
    {
        JsonElement result = await AskAsync(
            "completions", new { model = "collm", prompt = Prompt, max_tokens = 400, ignore_eos = true, stream = true, collm = new { threshold = 0.4 } }, abortAfter: 5);
        Assert.InRange(result.GetProperty("chunks").GetArrayLength(), 5, 399);
        await services.ExpertProbe.WhenEmptyAsync();

        // The whole cache of the base is free again, or this would not be admitted.
        Answered whole = await services.WithFirst.GenerateAsync(InProcess.Scenario.WholeBaseCache.ToMessage());
        Assert.Equal(InProcess.Scenario.WholeBaseCache.MaxNewTokens, whole.Tokens.Count);
    }

    private static string TextOf(JsonElement body, bool isChat, bool streams)
    {
        JsonElement choice = body.GetProperty("choices")[0];
        if (!isChat)
            return choice.GetProperty("text").GetString()!;
        return choice.GetProperty(streams ? "delta" : "message").TryGetProperty("content", out JsonElement content) ? content.GetString()! : "";
    }

    private async Task<JsonElement> AskAsync(string path, object? body, int? abortAfter = null)
    {
        string folder = Path.Combine(RepositoryPaths.Root, "tests", "interop", "node");
        bool isInstalled = Directory.Exists(Path.Combine(folder, "node_modules", "openai"))
            && (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(place => File.Exists(Path.Combine(place, "node")));
        const string reason = "OpenAI's client for node is not installed; tests/interop/install-peers.sh installs it.";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.True(isInstalled, reason);
        Assert.SkipUnless(isInstalled, reason);

        string request = JsonSerializer.Serialize(new { path, body, abort_after = abortAfter }, WithoutNulls);
        string address = await services.WithFirst.Process.OpenAiAddress;
        ProcessStartInfo start = new("node", [Path.Combine(folder, "openai.js"), $"{address}/v1", "any", request]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return JsonDocument.Parse(output).RootElement;
    }
}
