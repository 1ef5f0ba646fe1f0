using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using CoLlm.Expert.OpenAi;
using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CoLlm.Expert.Tests.OpenAi.Servers;

/// <summary>A completions server over the engine of this repository that speaks one of the known dialects, and errs when told to.</summary>
internal sealed class CompletionsServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Checkpoint _checkpoint;
    private readonly ServedDialect _dialect;

    private CompletionsServer(ServedDialect dialect, Checkpoint checkpoint, WebApplication app)
    {
        _app = app;
        _dialect = dialect;
        _checkpoint = checkpoint;
    }

    public InferenceEngine Engine => _dialect.Engine;

    public ServedDialect Dialect => _dialect;

    public string Address => _app.Urls.Single();

    /// <summary>Bodies of the completions asked for, and all headers of every request.</summary>
    public ConcurrentQueue<(string Path, string Body, string Authorization)> Requests { get; } = [];

    /// <summary>Answers in the server's place where it returns true.</summary>
    public Func<HttpContext, Task<bool>>? Instead { get; set; }

    /// <summary>Changes a reply before it is written.</summary>
    public Action<string, JsonObject>? Spoil { get; set; }

    public static async Task<CompletionsServer> StartAsync(ServerFlavor flavor, string model = "pair-expert", string url = "http://127.0.0.1:0")
    {
        string directory = RepositoryPaths.Golden("models", model);
        Checkpoint checkpoint = Checkpoint.Open(directory);
        InferenceEngine engine = new(
            CpuBackend.Load(checkpoint, new CpuBackendOptions { ThreadCount = 1, Storage = PackedWeightStorage.Memory }),
            new InferenceEngineOptions { KvCacheBytes = 8 << 20 });
        Tokenizer tokenizer = Tokenizer.Load(directory);
        ServedDialect dialect = flavor switch
        {
            ServerFlavor.Vllm => new ServedVllm(engine, tokenizer),
            ServerFlavor.Sglang => new ServedSglang(engine, tokenizer),
            _ => new ServedLlamaCpp(engine, tokenizer),
        };
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(url);
        WebApplication app = builder.Build();
        CompletionsServer server = new(dialect, checkpoint, app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>What an expert's configuration says of it.</summary>
    public ExpertModelOptions Options(string model = "pair-expert") => new()
    {
        Name = model,
        OpenAi = new OpenAiOptions
        {
            Endpoint = Address,
            Tokenizer = RepositoryPaths.Golden("models", model),
            TopTokens = 528,
            MaxPositionsPerAsk = 64,
            HealthInterval = TimeSpan.FromMilliseconds(10),
        },
    };

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Engine.DisposeAsync();
        _checkpoint.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.Value!;
        using StreamReader reader = new(context.Request.Body);
        string body = await reader.ReadToEndAsync();
        Requests.Enqueue((path, body, context.Request.Headers.Authorization.ToString()));
        if (Instead is { } instead && await instead(context))
            return;
        if (path == "/health")
            return;
        JsonObject? request = body.Length > 0 ? JsonNode.Parse(body)!.AsObject() : null;
        (int status, JsonObject reply) = await _dialect.AnswerAsync(path, request);
        Spoil?.Invoke(path, reply);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(reply.ToJsonString(new JsonSerializerOptions(JsonSerializerDefaults.Web)));
    }
}
