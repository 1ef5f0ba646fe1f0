using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Expert.Tests.OpenAi.Servers;

/// <summary>What servers are known to do wrong, by name: once, at the next completion.</summary>
internal static class Misbehaviour
{
    /// <summary>Faults of HTTP: status, headers, bytes.</summary>
    private static readonly Dictionary<string, Func<HttpContext, Task>> Transport = new(StringComparer.Ordinal)
    {
        ["loading"] = context => Write(context, 503, """{"error":{"message":"Loading model","type":"unavailable_error","code":503}}""", retryAfter: 2),
        ["too many requests"] = context => Write(context, 429, """{"error":"slow down"}"""),
        ["error page"] = context => Write(context, 502, "<html><body>Bad Gateway</body></html>", mediaType: "text/html"),
        ["page instead of an answer"] = context => Write(context, 200, "<html><body>Welcome</body></html>", mediaType: "text/html"),
        ["wrong key"] = context => Write(context, 401, """{"error":"Unauthorized"}"""),
        ["context overflow"] = context => Write(context, 400, """{"error":{"message":"This model's maximum context length is 4 tokens.","code":400}}"""),
        ["bare NaN"] = context => Write(context, 200, """{"choices":[{"logprobs":{"top_logprobs":[{"token_id:1":NaN}]}}]}"""),
        ["an array"] = context => Write(context, 200, "[1, 2]"),
        ["half a character"] = context => Write(context, 200, """{"usage":{"prompt_tokens":3},"model":"\ud800"}"""),
        ["half a character in a name"] = context => Write(
            context, 200, """{"usage":{"prompt_tokens":3},"model":"org/pair-expert","choices":[{"logprobs":{"top_logprobs":[{"\ud800":-1}]}}]}"""),
        ["no UTF-8"] = context => context.Response.Body.WriteAsync(Encoding.Latin1.GetBytes("""{"usage":{"prompt_tokens":3},"model":"ÿ"}""")).AsTask(),
        ["deep nesting"] = context => Write(context, 200, "{\"a\":" + new string('[', 1 << 16)),
        ["error with status 200"] = context => Write(context, 200, """{"object":"error","message":"out of memory"}"""),
        ["redirect"] = context =>
        {
            context.Response.Redirect("http://elsewhere.example/v1/completions", permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        },
        ["reset mid-body"] = async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("""{"choices":[{"logp""");
            await context.Response.Body.FlushAsync();
            context.Abort();
        },
        ["huge body"] = async context =>
        {
            byte[] spaces = new byte[1 << 16];
            spaces.AsSpan().Fill((byte)' ');
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(spaces, context.RequestAborted);
        },
        ["huge body announced"] = async context =>
        {
            context.Response.ContentLength = 1L << 40;
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        },
        ["silence"] = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default),
    };

    /// <summary>Faults of content, in vLLM's words.</summary>
    private static readonly Dictionary<string, Action<JsonObject>> Content = new(StringComparer.Ordinal)
    {
        ["BOS put before the prompt"] = reply => reply["usage"]!["prompt_tokens"] = reply["usage"]!["prompt_tokens"]!.GetValue<int>() + 1,
        ["truncated prompt"] = reply => reply["usage"]!["prompt_tokens"] = 2,
        ["no usage"] = reply => reply.Remove("usage"),
        ["no choices"] = reply => reply["choices"] = new JsonArray(),
        ["logprobs null"] = reply => Choice(reply)["logprobs"] = null,
        ["no top_logprobs"] = reply => Choice(reply)["logprobs"]!["top_logprobs"] = new JsonArray((JsonNode?)null),
        ["empty top_logprobs"] = reply => Top(reply).Clear(),
        ["logprob null"] = reply => Top(reply)["token_id:3"] = null,
        ["logprob text"] = reply => Top(reply)["token_id:3"] = "-1.5",
        ["logprob infinite"] = reply => Top(reply)["token_id:3"] = JsonNode.Parse("1e999"),
        ["logprob positive"] = reply => Top(reply)["token_id:3"] = 0.5,
        ["probabilities above one"] = reply => Replace(reply, Enumerable.Range(0, 20).Select(id => ($"token_id:{id}", -1.0))),
        ["token outside the vocabulary"] = reply => Top(reply)["token_id:528"] = -9.0,
        ["token id too large"] = reply => Top(reply)["token_id:99999999999"] = -9.0,
        ["token of no known text"] = reply => Top(reply)["a whole sentence"] = -9.0,
        ["tokens of the same text"] = reply => Top(reply)["\uFFFD"] = -9.0,
        ["another model"] = reply => reply["model"] = "org/another",
        ["no model"] = reply => reply.Remove("model"),
    };

    public static IEnumerable<string> Names => Transport.Keys.Concat(Content.Keys);

    /// <summary>All requests are answered well again.</summary>
    public static void Disarm(CompletionsServer server)
    {
        server.Instead = null;
        server.Spoil = null;
    }

    /// <summary>The next completion goes wrong in this way, <paramref name="times"/> times; all others are answered well.</summary>
    /// <returns>Completes when it does.</returns>
    public static Task Arm(CompletionsServer server, string name, int times = 1)
    {
        TaskCompletionSource met = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Transport.TryGetValue(name, out Func<HttpContext, Task>? instead))
        {
            server.Instead = async context =>
            {
                if (context.Request.Path != server.Dialect.CompletionPath || Interlocked.Decrement(ref times) < 0)
                    return false;
                met.TrySetResult();
                await instead(context);
                return true;
            };
        }
        else
        {
            server.Spoil = (path, reply) =>
            {
                if (path != server.Dialect.CompletionPath || Interlocked.Decrement(ref times) < 0)
                    return;
                met.TrySetResult();
                Content[name](reply);
            };
        }

        return met.Task;
    }

    private static JsonObject Choice(JsonObject reply) => reply["choices"]![0]!.AsObject();

    private static JsonObject Top(JsonObject reply) => Choice(reply)["logprobs"]!["top_logprobs"]![0]!.AsObject();

    private static void Replace(JsonObject reply, IEnumerable<(string Name, double LogProbability)> entries)
    {
        JsonObject top = Top(reply);
        top.Clear();
        foreach ((string name, double logProbability) in entries)
            top[name] = logProbability;
    }

    private static Task Write(HttpContext context, int status, string body, string mediaType = "application/json", int retryAfter = 0)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = mediaType;
        if (retryAfter > 0)
            context.Response.Headers.RetryAfter = retryAfter.ToString(CultureInfo.InvariantCulture);
        return context.Response.WriteAsync(body);
    }
}
