using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CoLlm.Protocol.V1;
using CoLlm.Router.Tests.Peers;
using CoLlm.ServiceDefaults.Listening;

namespace CoLlm.Router.Tests.OpenAi;

/// <summary>What comes over HTTP is what comes over gRPC, token for token, in the form that OpenAI's clients read.</summary>
public sealed class OpenAiAnswerTests : IAsyncLifetime
{
    private const string Completions = "/v1/completions";
    private const string Chat = "/v1/chat/completions";

    private readonly EngineExpert _model = new("pair-expert");
    private ScriptedExpert _expert = null!;
    private RouterUnderTest _router = null!;

    public async ValueTask InitializeAsync()
    {
        _expert = await _model.StartAsync();
        _router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions(_expert.Address));
    }

    [Theory]
    [InlineData(false, 0f)]
    [InlineData(true, 0f)]
    [InlineData(false, 1.3f)]
    [InlineData(true, 1.3f)]
    public async Task Completions_TokenIds_EqualTheGrpcAnswer(bool streams, float temperature)
    {
        GenerateRequest request = RouterUnderTest.Request(threshold: 0.4f);
        request.Sampling = new SamplingParameters { Temperature = temperature, TopP = 0.9f, Seed = 7 };
        Answered expected = await _router.GenerateAsync(request);
        JsonObject body = Body(streams, request, "prompt", new JsonArray([.. request.TokenIds.Ids.Select(id => JsonValue.Create(id))]));
        body["temperature"] = temperature;
        body["top_p"] = 0.9f;
        body["seed"] = 7;

        HttpAnswered answer = await HttpAnswered.PostAsync(_router, Completions, body);

        Check(expected, answer, streams);
        Assert.Equal("text_completion", answer.Body.GetProperty("object").GetString());
        Assert.Equal(["expert"], answer.Body.GetProperty("collm").GetProperty("experts").EnumerateArray().Select(name => name.GetString()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Chat_MessagesInBothForms_EqualTheGrpcAnswer(bool streams)
    {
        GenerateRequest request = RouterUnderTest.Request(threshold: 0.4f);
        request.Chat = new Chat
        {
            Messages = { new ChatMessage { Role = "system", Content = "Be brief." }, new ChatMessage { Role = "user", Content = "The river\nflows." } },
        };
        Answered expected = await _router.GenerateAsync(request);
        JsonNode messages = JsonNode.Parse("""
            [{ "role": "developer", "content": "Be brief.", "name": "x" },
             { "role": "user", "content": [{ "type": "text", "text": "The river" }, { "type": "text", "text": "flows." }] }]
            """)!;

        HttpAnswered answer = await HttpAnswered.PostAsync(_router, Chat, Body(streams, request, "messages", messages));

        Check(expected, answer, streams);
        Assert.Equal(streams ? "chat.completion.chunk" : "chat.completion", answer.Body.GetProperty("object").GetString());
        JsonElement choice = answer.Body.GetProperty("choices")[0];
        Assert.Equal("assistant", choice.GetProperty(streams ? "delta" : "message").GetProperty("role").GetString());
    }

    [Fact]
    public async Task Completions_StopString_EndsBeforeIt()
    {
        GenerateRequest request = RouterUnderTest.Request(threshold: 1f);
        string stop = (await _router.GenerateAsync(request)).Tokens.Select(token => token.Text).Where(text => text.Length > 0).ElementAt(5);
        request.Stop.Strings.Add(stop);
        Answered expected = await _router.GenerateAsync(request);
        JsonObject body = Body(streams: true, request, "prompt", new JsonArray([.. request.TokenIds.Ids.Select(id => JsonValue.Create(id))]));
        body["stop"] = stop;
        HttpAnswered answer = await HttpAnswered.PostAsync(_router, Completions, body);
        Assert.Equal((expected.Text, "stop", "stop_string"), (answer.Text, FinishOf(answer), answer.Summary.GetProperty("finish_reason").GetString()));
    }

    [Fact]
    public async Task Chat_LogProbabilities_AreThoseOfTheTokens()
    {
        JsonObject body = JsonNode.Parse("""{ "messages": [{ "role": "user", "content": "river" }], "max_tokens": 5, "ignore_eos": true, "logprobs": true, "top_logprobs": 0 }""")!.AsObject();
        HttpAnswered answer = await HttpAnswered.PostAsync(_router, Chat, body);
        JsonElement[] listed = [.. answer.Body.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        Assert.Equal(
            answer.Tokens.Select(token => (token.GetProperty("text").GetString(), token.GetProperty("log_probability").GetSingle())),
            listed.Select(token => (token.GetProperty("token").GetString(), token.GetProperty("logprob").GetSingle())));
        Assert.All(listed, token => Assert.Empty(token.GetProperty("top_logprobs").EnumerateArray()));
    }

    [Fact]
    public async Task Completions_LogProbabilities_CountTheirPlacesInTheText()
    {
        HttpAnswered answer = await HttpAnswered.PostAsync(
            _router, Completions, """{ "prompt": ["river"], "max_tokens": 5, "ignore_eos": true, "logprobs": 0, "stream": true }""");
        int[] offsets = [.. answer.Bodies.Select(body => body.GetProperty("choices")[0].GetProperty("logprobs")).Where(found => found.ValueKind == JsonValueKind.Object)
            .Select(found => found.GetProperty("text_offset")[0].GetInt32())];
        string[] texts = [.. answer.Tokens.Select(token => token.GetProperty("text").GetString()!)];
        Assert.Equal(Enumerable.Range(0, 5).Select(i => texts.Take(i).Sum(text => text.Length)), offsets);
    }

    [Fact]
    public async Task Completions_UsageWanted_ComesInAChunkOfItsOwn()
    {
        HttpAnswered answer = await HttpAnswered.PostAsync(
            _router, Completions, """{ "prompt": "river", "max_tokens": 3, "ignore_eos": true, "stream": true, "stream_options": { "include_usage": true } }""");
        Assert.Empty(answer.Bodies[^1].GetProperty("choices").EnumerateArray());
        Assert.Equal(3, answer.Bodies[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.All(answer.Bodies[..^1], body => Assert.Equal(JsonValueKind.Null, body.GetProperty("usage").ValueKind));
    }

    [Theory]
    [InlineData(Chat, 2)]
    [InlineData(Completions, 5)]
    public async Task Answer_MaxTokensUnderBothNames_HasTheNewerOneForChatsAlone(string path, int tokens)
    {
        HttpAnswered answer = await HttpAnswered.PostAsync(_router, path, """
            { "prompt": "river", "messages": [{ "role": "user", "content": "river" }], "max_tokens": 5, "max_completion_tokens": 2, "ignore_eos": true }
            """);
        Assert.Equal(tokens, answer.Body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Completions_DrawnWithoutASeed_TellTheOneTheyHad()
    {
        const string drawn = """{ "prompt": "river", "max_tokens": 8, "ignore_eos": true, "temperature": 1.5, "collm": { "mode": "base" } """;
        HttpAnswered first = await HttpAnswered.PostAsync(_router, Completions, drawn + "}");
        ulong seed = first.Summary.GetProperty("seed").GetUInt64();
        HttpAnswered again = await HttpAnswered.PostAsync(_router, Completions, $"{drawn}, \"seed\": {seed} }}");
        Assert.Equal(first.Text, again.Text);
        Assert.Equal("base", first.Body.GetProperty("collm").GetProperty("mode").GetString());
    }

    [Fact]
    public async Task Models_Listed_HaveTheNameThatRequestsUse()
    {
        using HttpClient http = new() { BaseAddress = _router.AddressOf(ListenerKind.Http) };
        using HttpResponseMessage list = await http.GetAsync("/v1/models", TestContext.Current.CancellationToken);
        JsonElement model = (await HttpAnswered.ReadAsync(list)).Body.GetProperty("data")[0];
        Assert.Equal(("collm", "model"), (model.GetProperty("id").GetString(), model.GetProperty("object").GetString()));
        using HttpResponseMessage one = await http.GetAsync("/v1/models/collm", TestContext.Current.CancellationToken);
        Assert.Equal("collm", (await HttpAnswered.ReadAsync(one)).Body.GetProperty("id").GetString());
        using HttpResponseMessage none = await http.GetAsync("/v1/models/other", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (none.StatusCode, (await HttpAnswered.ReadAsync(none)).Error.GetProperty("code").GetString()));
    }

    public async ValueTask DisposeAsync()
    {
        await _router.DisposeAsync();
        await _expert.DisposeAsync();
        await _model.DisposeAsync();
    }

    private static JsonObject Body(bool streams, GenerateRequest request, string prompt, JsonNode value) => new()
    {
        ["model"] = "collm",
        [prompt] = value,
        ["max_tokens"] = request.MaxNewTokens,
        ["ignore_eos"] = true,
        ["stream"] = streams,
        ["user"] = "somebody",
        ["collm"] = new JsonObject { ["mode"] = "defer", ["threshold"] = request.Collaboration.Threshold },
    };

    private static void Check(Answered expected, HttpAnswered answer, bool streams)
    {
        Assert.Equal((HttpStatusCode.OK, streams), (answer.Status, answer.IsDone));
        Assert.Equal(expected.Tokens.Select(HttpAnswered.Row), answer.Tokens.Select(HttpAnswered.Row));
        Assert.Equal(expected.Text, answer.Text);
        Assert.Contains(expected.Tokens, token => token.Origin == Origin.Expert);
        Assert.Equal("length", FinishOf(answer));
        Assert.Equal(expected.Summary!.RealisedDeferralRate, answer.Summary.GetProperty("deferral_rate").GetSingle());
        Assert.Equal(expected.Summary.Experts[0].CallCount, answer.Summary.GetProperty("experts")[0].GetProperty("calls").GetInt32());
        Assert.Equal(answer.Headers.GetValues("X-Request-Id").Single(), answer.Body.GetProperty("collm").GetProperty("request_id").GetString());
    }

    private static string? FinishOf(HttpAnswered answer) => answer.Bodies.SelectMany(body => body.GetProperty("choices").EnumerateArray())
        .Select(choice => choice.GetProperty("finish_reason").GetString()).Last(reason => reason is not null);
}
