using System.Net;
using System.Text;
using System.Text.Json;
using CoLlm.Router.Admission;
using CoLlm.Router.Tests.Peers;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.Testing;

namespace CoLlm.Router.Tests.OpenAi;

/// <summary>What cannot be served is refused in one sentence, with the status and the field that OpenAI's clients look at.</summary>
public sealed class OpenAiRefusalTests(OpenAiRefusalTests.Served served) : IClassFixture<OpenAiRefusalTests.Served>
{
    private const string Good = "\"prompt\": \"river\", \"max_tokens\": 2";
    private const string Completions = "/v1/completions";
    private const string Chat = "/v1/chat/completions";

    [Theory]
    [InlineData("{", 400, null, "The request is no JSON: ")]
    [InlineData("[]", 400, null, "The request must be a JSON object.")]
    [InlineData("{\"prompt\":\"a\",\"prompt\":\"b\"}", 400, null, "The request is no JSON: ")]
    [InlineData("{\"prompt\":\"a\\ud800\"}", 400, null, "half a character")]
    [InlineData("{\"prompt\":\"a\",\"a\\ud800\":1}", 400, null, "half a character")]
    [InlineData("{$,\"collm\":{\"a\\udc00\":1}}", 400, null, "half a character")]
    [InlineData("{}", 400, "prompt", "prompt is missing")]
    [InlineData("{\"prompt\":[]}", 400, "prompt", "at least one token id")]
    [InlineData("{\"prompt\":[\"a\",\"b\"]}", 400, "prompt", "prompt has 2 prompts")]
    [InlineData("{\"prompt\":[1,2.5]}", 400, "prompt", "prompt[1] is 2.5; token ids are whole numbers.")]
    [InlineData("{\"prompt\":[1,99999]}", 400, "prompt", "prompt[1] is 99999; the model has the ids 0 to")]
    [InlineData("{\"prompt\":{}}", 400, "prompt", "prompt is an object")]
    [InlineData("{$,\"model\":\"other\"}", 404, "model", "There is no model \"other\"; this router has collm.")]
    [InlineData("{$,\"model\":7}", 400, "model", "model is 7; it must be text.")]
    [InlineData("{$,\"n\":2}", 400, "n", "n is 2, which is not served; it may be 1.")]
    [InlineData("{$,\"presence_penalty\":0.5}", 400, "presence_penalty", "presence_penalty is 0.5")]
    [InlineData("{$,\"frequency_penalty\":-1}", 400, "frequency_penalty", "frequency_penalty is -1")]
    [InlineData("{$,\"logit_bias\":{\"5\":1}}", 400, "logit_bias", "logit_bias is an object")]
    [InlineData("{$,\"echo\":true}", 400, "echo", "echo is true")]
    [InlineData("{$,\"tools\":[{}]}", 400, "tools", "tools is a list")]
    [InlineData("{$,\"response_format\":{\"type\":\"json_object\"}}", 400, "response_format", "it may be the type text")]
    [InlineData("{$,\"logprobs\":3}", 400, "logprobs", "logprobs is 3")]
    [InlineData("{$,\"top_logprobs\":3}", 400, "top_logprobs", "those of others are not")]
    [InlineData("{\"prompt\":\"a\",\"max_tokens\":0}", 400, "max_tokens", "max_tokens is 0; it must be a whole number of 1 or more.")]
    [InlineData("{\"prompt\":\"a\",\"max_tokens\":1.5}", 400, "max_tokens", "max_tokens is 1.5")]
    [InlineData("{\"prompt\":\"a\",\"max_tokens\":5000}", 400, "max_tokens", "max_tokens is 5000; at most 4096 are allowed.")]
    [InlineData("{$,\"temperature\":\"hot\"}", 400, "temperature", "temperature is \"hot\"; it must be a number.")]
    [InlineData("{$,\"temperature\":-1}", 400, "temperature", "temperature is -1; it must be 0 to 100.")]
    [InlineData("{$,\"top_p\":0}", 400, "top_p", "top_p is 0; it must be above 0 and at most 1.")]
    [InlineData("{$,\"seed\":1e300}", 400, "seed", "seed is 1e300")]
    [InlineData("{$,\"stop\":[\"\"]}", 400, "stop", "A stop string is empty.")]
    [InlineData("{$,\"stop\":[\"a\",1]}", 400, "stop[1]", "stop[1] is 1; it must be text.")]
    [InlineData("{$,\"stream\":\"yes\"}", 400, "stream", "stream is \"yes\"; it must be true or false.")]
    [InlineData("{$,\"stream_options\":{}}", 400, "stream_options", "is for requests with stream true")]
    [InlineData("{$,\"collm\":7}", 400, "collm", "collm must be a JSON object.")]
    [InlineData("{$,\"collm\":{\"treshold\":0.5}}", 400, "collm.treshold", "collm.treshold is not known; there are mode, threshold")]
    [InlineData("{$,\"collm\":{\"mode\":\"magic\"}}", 400, "collm.mode", "it must be one of defer, compose, base, expert.")]
    [InlineData("{$,\"collm\":{\"threshold\":0.5,\"target_rate\":0.5}}", 400, "collm.target_rate", "exclude each other")]
    [InlineData("{$,\"collm\":{\"mode\":\"defer\",\"target_rate\":2}}", 400, "collm.target_rate", "collm.target_rate is 2; it must be 0 to 1.")]
    [InlineData("{$,\"collm\":{\"experts\":[\"nobody\"]}}", 404, "collm.experts", "There is no expert \"nobody\"")]
    [InlineData("{$,\"collm\":{\"deferral_budget\":{\"max_rate\":2}}}", 400, "collm.deferral_budget", "collm.deferral_budget.max_rate is 2")]
    [InlineData("{$,\"collm\":{\"expert_wait_ms\":99999999}}", 400, "collm.expert_wait_ms", "collm.expert_wait_ms is 99999999")]
    public async Task Completions_FieldThatCannotBeServed_IsNamed(string body, int status, string? parameter, string sentence) =>
        Check(await HttpAnswered.PostAsync(served.Router, Completions, body.Replace("$", Good, StringComparison.Ordinal)), status, parameter, sentence);

    /// <summary>Items that are wrong as well are not spoken of, because none was looked at.</summary>
    [Theory]
    [InlineData("{$,\"stop\":[@]}", 17, "stop", "stop has 17 items; at most 16 are allowed.")]
    [InlineData("{$,\"stop_token_ids\":[@]}", 65, "stop_token_ids", "stop_token_ids has 65 items; at most 64 are allowed.")]
    [InlineData("{$,\"collm\":{\"experts\":[@]}}", 65, "collm.experts", "collm.experts has 65 items; at most 64 are allowed.")]
    public async Task Completions_ListLongerThanItsBound_IsRefusedUnread(string body, int count, string parameter, string sentence)
    {
        string items = string.Join(',', Enumerable.Repeat("{}", count));
        body = body.Replace("$", Good, StringComparison.Ordinal).Replace("@", items, StringComparison.Ordinal);
        Check(await HttpAnswered.PostAsync(served.Router, Completions, body), 400, parameter, sentence);
    }

    [Theory]
    [InlineData("\"max_completion_tokens\":0", "max_completion_tokens", "max_completion_tokens is 0; it must be a whole number of 1 or more.")]
    [InlineData("\"max_completion_tokens\":5000", "max_completion_tokens", "max_completion_tokens is 5000; at most 4096 are allowed.")]
    [InlineData("\"max_completion_tokens\":5000,\"max_tokens\":2", "max_completion_tokens", "max_completion_tokens is 5000; at most 4096 are allowed.")]
    [InlineData("\"max_completion_tokens\":null,\"max_tokens\":5000", "max_tokens", "max_tokens is 5000; at most 4096 are allowed.")]
    public async Task Chat_TooManyTokensWanted_IsSaidOfTheFieldThatWantsThem(string fields, string parameter, string sentence) => Check(
        await HttpAnswered.PostAsync(served.Router, Chat, $$"""{ "messages": [{ "role": "user", "content": "river" }], {{fields}} }"""), 400, parameter, sentence);

    [Theory]
    [InlineData("{}", "messages must be a list of at least one message.")]
    [InlineData("{\"messages\":[]}", "messages must be a list of at least one message.")]
    [InlineData("{\"messages\":[7]}", "messages[0] must be a JSON object.")]
    [InlineData("{\"messages\":[{\"content\":\"a\"}]}", "messages[0].role is missing.")]
    [InlineData("{\"messages\":[{\"role\":\"tool\",\"content\":\"a\"}]}", "A message has the role \"tool\"")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":7}]}", "messages[0].content is 7; it must be text.")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}", "messages[0].content[0].type is not text")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}", "messages[0].content[0].text is missing.")]
    public async Task Chat_MessagesThatCannotBeServed_AreNamed(string body, string sentence)
    {
        HttpAnswered answer = await HttpAnswered.PostAsync(served.Router, Chat, body);
        Check(answer, 400, null, sentence);
        Assert.StartsWith("messages", answer.Error.GetProperty("param").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Completions_PromptLongerThanTheContext_SaysWhichBound() => Check(
        await HttpAnswered.PostAsync(served.Router, Completions, $$"""{ "prompt": [{{string.Join(',', Enumerable.Repeat(5, 600))}}] }"""), 400, null,
        "The prompt has 600 tokens; at most", "context_length_exceeded");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completions_BodyTooLarge_IsRefusedUnread(bool isChunked)
    {
        using HttpClient http = new() { BaseAddress = served.Router.AddressOf(ListenerKind.Http) };
        using HttpRequestMessage request = new(HttpMethod.Post, Completions);
        request.Headers.TransferEncodingChunked = isChunked;
        request.Content = new StringContent($"{{ \"prompt\": \"{new string('a', Served.MaxBytes)}\" }}", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Check(await HttpAnswered.ReadAsync(response), 413, null, $"The request has more than {Served.MaxBytes} bytes, which is the bound.");
    }

    [Fact]
    public async Task Completions_JsonTooDeep_IsRefused() => Check(
        await HttpAnswered.PostAsync(served.Router, Completions, $"{{ \"prompt\": {new string('[', 100)}{new string(']', 100)} }}"), 400, null, "The request is no JSON: ");

    [Fact]
    public async Task Completions_ContentTypeOfAForm_IsRefused()
    {
        using HttpClient http = new() { BaseAddress = served.Router.AddressOf(ListenerKind.Http) };
        using StringContent content = new("{}", Encoding.UTF8, "text/plain");
        using HttpResponseMessage response = await http.PostAsync(Completions, content, TestContext.Current.CancellationToken);
        Check(await HttpAnswered.ReadAsync(response), 415, null, "must be application/json");
    }

    [Theory]
    [InlineData("/v1/embeddings")]
    [InlineData("/v1/chat")]
    public async Task Path_NotServed_SaysWhichAre(string path) =>
        Check(await HttpAnswered.PostAsync(served.Router, path, "{}"), 404, null, "POST /v1/chat/completions");

    /// <summary>Whatever a body is, the answer is JSON: an answer, or a sentence and who is to blame.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Body_OfAnyKind_IsAnsweredOrRefusedInASentence(int seed)
    {
        byte[][] good =
        [
            """{"model":"collm","prompt":[5,6,7],"max_tokens":2,"temperature":0.5,"top_p":0.9,"seed":7,"stop":["a"],"logprobs":0,"collm":{"mode":"base"}}"""u8.ToArray(),
            """{"messages":[{"role":"user","content":[{"type":"text","text":"river"}]}],"max_tokens":2,"stream":true,"stream_options":{"include_usage":true}}"""u8.ToArray(),
        ];
        Random random = new(seed);
        using HttpClient http = new() { BaseAddress = served.Router.AddressOf(ListenerKind.Http) };
        for (int i = 0; i < 150; i++)
        {
            int which = random.Next(good.Length);
            using ByteArrayContent content = new(FileMutation.Mutate(good[which], random));
            content.Headers.ContentType = new("application/json");
            using HttpResponseMessage response = await http.PostAsync(which == 0 ? Completions : Chat, content, TestContext.Current.CancellationToken);
            HttpAnswered answer = await HttpAnswered.ReadAsync(response);
            if (answer.Status == HttpStatusCode.OK)
                continue;
            Assert.InRange((int)answer.Status, 400, 499);
            Assert.NotEmpty(answer.Error.GetProperty("message").GetString()!);
        }
    }

    private static void Check(HttpAnswered answer, int status, string? parameter, string sentence, string? code = null)
    {
        string message = answer.Error.GetProperty("message").GetString()!;
        Assert.Contains(sentence, message, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode)status, answer.Status);
        Assert.Equal("invalid_request_error", answer.Error.GetProperty("type").GetString());
        if (parameter is not null)
            Assert.Equal(parameter, answer.Error.GetProperty("param").GetString());
        if (code is not null)
            Assert.Equal(code, answer.Error.GetProperty("code").GetString());
        Assert.Equal(JsonValueKind.Object, answer.Body.ValueKind);
    }

    /// <summary>A router that all of these leave as it was; its expert is never reached.</summary>
    public sealed class Served : IAsyncLifetime
    {
        internal const int MaxBytes = 4096;

        internal RouterUnderTest Router { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            await using ScriptedExpert expert = await ScriptedExpert.StartAsync();
            Router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions(expert.Address) with
            {
                Admission = new AdmissionOptions { MaxMessageBytes = MaxBytes },
                Requests = new() { WhenExpertUnavailable = Decoding.Experts.WhenExpertUnavailable.Base },
            });
        }

        public ValueTask DisposeAsync() => Router.DisposeAsync();
    }
}
