using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using CoLlm.Expert.Models;
using CoLlm.Expert.OpenAi;
using CoLlm.Expert.Tests.OpenAi.Servers;
using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Expert.Tests.OpenAi;

/// <summary>Only a server that is there, has the model, reads ids as we do and answers as sessions need it is served.</summary>
public sealed class ServerStartTests
{
    public static TheoryData<string, FailureReason, string> Misfits => new()
    {
        { "tokenizer", FailureReason.TokenizerMismatch, "ids would not mean the same" },
        { "no tokenize", FailureReason.TokenizerMismatch, "/tokenize is missing" },
        { "model", FailureReason.ModelMismatch, "not org/another (Model)" },
        { "two models", FailureReason.Internal, "name one by Model" },
        { "unknown owner", FailureReason.Internal, "set Flavor" },
        { "no context", FailureReason.Internal, "set ContextTokens" },
        { "fewer tokens", FailureReason.Unsupported, "gave 7 most probable tokens where 20" },
        { "above the server's limit", FailureReason.Internal, "greater than max allowed: 10" },
        { "processed probabilities", FailureReason.Unsupported, "raw_logprobs" },
        { "key", FailureReason.Internal, "environment variable NO_SUCH_KEY_IN_TESTS" },
        { "key file", FailureReason.Internal, "cannot be read from the file" },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public async Task Build_ServerDoesNotFit_SaysWhy(string what, FailureReason reason, string words)
    {
        await using CompletionsServer server = await CompletionsServer.StartAsync(ServerFlavor.Vllm);
        OpenAiOptions options = Misfit(server, what, server.Options().OpenAi! with { TopTokens = 20 });

        BackendException exception = await Assert.ThrowsAsync<BackendException>(() =>
            new RemoteModelBuilder(server.Options() with { OpenAi = options }, new SessionLimits(), TimeProvider.System).BuildAsync(CancellationToken.None));

        Assert.Equal(reason, exception.Fault.Reason);
        Assert.Contains(words, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Build_LlamaCppHasFewerTokens_NamesBothVocabularies()
    {
        await using CompletionsServer server = await CompletionsServer.StartAsync(ServerFlavor.LlamaCpp);
        server.Spoil = (path, reply) =>
        {
            if (path == "/v1/models")
                reply["data"]![0]!["meta"]!["n_vocab"] = 100;
        };

        BackendException exception = await Assert.ThrowsAsync<BackendException>(() => new RemoteModelBuilder(server.Options(), new SessionLimits(), TimeProvider.System).BuildAsync(CancellationToken.None));

        Assert.Equal((FailureReason.VocabularyMismatch, "528", "100"), (exception.Fault.Reason, exception.Fault.Sent, exception.Fault.Held));
    }

    [Fact]
    public async Task Build_TokenizeIsHidden_ComparesByTheIdsThatACompletionReturns()
    {
        await using CompletionsServer server = await CompletionsServer.StartAsync(ServerFlavor.Vllm);
        server.Instead = Missing("/tokenize");

        await using ExpertModel model = await new RemoteModelBuilder(server.Options(), new SessionLimits(), TimeProvider.System).BuildAsync(CancellationToken.None);

        Assert.Contains(server.Requests, request => request.Body.Contains("return_token_ids", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Build_KeyInAFile_IsSentAndInNoSentence()
    {
        await using CompletionsServer server = await CompletionsServer.StartAsync(ServerFlavor.Vllm);
        using TemporaryDirectory directory = new();
        OpenAiOptions options = server.Options().OpenAi! with { ApiKeyFile = directory.Write("key", "sk-secret-1\n") };
        await using (await new RemoteModelBuilder(server.Options() with { OpenAi = options }, new SessionLimits(), TimeProvider.System).BuildAsync(CancellationToken.None))
            Assert.All(server.Requests, request => Assert.Equal("Bearer sk-secret-1", request.Authorization));
        server.Instead = async context =>
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync("""{"error":"no user has the key sk-secret-1"}""");
            return true;
        };

        BackendException exception = await Assert.ThrowsAsync<BackendException>(() =>
            new RemoteModelBuilder(server.Options() with { OpenAi = options }, new SessionLimits(), TimeProvider.System).BuildAsync(CancellationToken.None));

        Assert.Contains("the key ***", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ServerIsStillLoading_WaitsForIt()
    {
        int refusals = 3;
        await using CompletionsServer server = await CompletionsServer.StartAsync(ServerFlavor.LlamaCpp);
        server.Instead = context =>
        {
            context.Response.StatusCode = 503;
            return Task.FromResult(Interlocked.Decrement(ref refusals) >= 0);
        };

        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync(options => options with { Models = [server.Options()] });

        Assert.True(refusals < 0);
        Assert.Equal("llama.cpp", expert.Model.Description.Backend);
    }

    [Fact]
    public async Task Health_ServerIsLostAndComesBack_ReadinessFollows()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.Vllm);
        Readiness readiness = expert.App.Services.GetRequiredService<Readiness>();
        Assert.Null(readiness.NotReadyReason);

        expert.Server!.Instead = context =>
        {
            context.Abort();
            return Task.FromResult(true);
        };
        await UntilAsync(() => readiness.NotReadyReason is not null);
        Assert.Contains("the server of pair-expert", readiness.NotReadyReason!, StringComparison.Ordinal);
        expert.Server.Instead = null;
        await UntilAsync(() => readiness.NotReadyReason is null);
    }

    [Fact]
    public async Task Health_ServerComesBackWithAnotherModel_StaysNotReady()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.Vllm);
        Readiness readiness = expert.App.Services.GetRequiredService<Readiness>();
        int lists = 0;
        expert.Server!.Instead = Missing("/health");
        await UntilAsync(() => readiness.NotReadyReason is not null);
        expert.Server.Dialect.ModelName = "org/another";
        expert.Server.Spoil = (path, _) => lists += path == "/v1/models" ? 1 : 0;
        expert.Server.Instead = null;

        await UntilAsync(() => lists > 3);

        Assert.NotNull(readiness.NotReadyReason);
    }

    [Fact]
    public async Task ServeAsync_ServerComesBackWithAnotherModel_TellsThatToo()
    {
        await using CompletionsServer server = await CompletionsServer.StartAsync(ServerFlavor.Vllm);
        ExpertModelOptions model = server.Options();
        using DrainGate gate = new();
        await using ModelCatalog catalog = new(new ExpertOptions { Models = [model] }, new Readiness(gate));
        RecordedLog log = new();
        using CancellationTokenSource over = new();
        Task serving = new RemoteModels(catalog, new SessionLimits(), TimeProvider.System, log).ServeAsync(model, over.Token);
        await UntilAsync(() => log.Has("is computed at"));

        server.Instead = Missing("/health");
        await UntilAsync(() => log.Has("with status 500"));
        server.Dialect.ModelName = "org/another";
        server.Instead = null;
        await UntilAsync(() => log.Has("is another one since it came back: it has the model org/another where it had org/pair-expert; start this process again."));

        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
        Assert.Equal(3, log.Count);
    }

    [Fact]
    public void FindProblems_SeveralMistakes_NamesThemAll()
    {
        ExpertOptions options = new()
        {
            Models =
            [
                new ExpertModelOptions { Name = "neither" },
                new ExpertModelOptions { Name = "both", Directory = "/models/x", OpenAi = new OpenAiOptions { Endpoint = "http://host:8000", Tokenizer = "/models/x" } },
                new ExpertModelOptions { Name = "wrong", OpenAi = new OpenAiOptions { Endpoint = "host:8000", ApiKeyFile = "a", ApiKeyVariable = "COLLM_KEY", RequestTimeout = TimeSpan.Zero } },
                new ExpertModelOptions { Name = "version", OpenAi = new OpenAiOptions { Endpoint = "http://host:8000/v1/", Tokenizer = "/models/x" } },
                new ExpertModelOptions { Name = "user", OpenAi = new OpenAiOptions { Endpoint = "http://me:secret@host:8000", Tokenizer = "/models/x" } },
            ],
        };

        string[] problems = [.. options.FindProblems()];

        Assert.Equal(
            ["Models[0]", "Models[1]", "Models[2].OpenAi.Endpoint", "Models[2].OpenAi.Tokenizer", "Models[2].OpenAi.ApiKeyFile", "Models[2].OpenAi.ApiKeyVariable", "Models[2].OpenAi.RequestTimeout", "Models[3].OpenAi.Endpoint", "Models[4].OpenAi.Endpoint"],
            problems.Select(problem => problem.Split(' ')[0]));
        Assert.DoesNotContain(problems, problem => problem.Contains("secret", StringComparison.Ordinal));
    }

    private static OpenAiOptions Misfit(CompletionsServer server, string what, OpenAiOptions options)
    {
        switch (what)
        {
            case "tokenizer":
                return options with { Tokenizer = RepositoryPaths.Golden("models", "llama3-tiny") };
            case "model":
                return options with { Model = "org/another" };
            case "key":
                return options with { ApiKeyVariable = "NO_SUCH_KEY_IN_TESTS" };
            case "key file":
                return options with { ApiKeyFile = "/no/such/file" };
            case "above the server's limit":
                ((ServedVllm)server.Dialect).MaxLogprobs = 10;
                return options;
            case "no tokenize":
                server.Instead = Missing("/tokenize");
                server.Spoil = (path, reply) => _ = path == "/v1/completions" && reply["choices"]![0]!.AsObject().Remove("prompt_token_ids");
                return options;
        }

        server.Spoil = (path, reply) => Spoil(what, path, reply);
        return options;
    }

    private static void Spoil(string what, string path, JsonObject reply)
    {
        JsonObject? model = path == "/v1/models" ? reply["data"]![0]!.AsObject() : null;
        JsonObject? top = path == "/v1/completions" && reply["choices"]![0]!["logprobs"] is { } logprobs ? logprobs["top_logprobs"]![0]!.AsObject() : null;
        switch (what)
        {
            case "two models" when model is not null:
                reply["data"]!.AsArray().Add(new JsonObject { ["id"] = "org/second" });
                break;
            case "unknown owner" when model is not null:
                model["owned_by"] = "somebody";
                break;
            case "no context" when model is not null:
                model.Remove("max_model_len");
                break;
            case "fewer tokens" when top is not null:
                foreach (string name in top.Select(entry => entry.Key).Skip(7).ToArray())
                    top.Remove(name);
                break;
            case "processed probabilities" when top is not null:
                foreach (string name in top.Select(entry => entry.Key).ToArray())
                    top[name] = -9999.0;
                top[top.First().Key] = 0.0;
                break;
        }
    }

    private static Func<HttpContext, Task<bool>> Missing(string path) => context =>
    {
        if (context.Request.Path != path)
            return Task.FromResult(false);
        context.Response.StatusCode = path == "/health" ? 500 : 404;
        return Task.FromResult(true);
    };

    private sealed class RecordedLog : ILogger<RemoteModels>
    {
        private readonly ConcurrentQueue<string> _sentences = [];

        public int Count => _sentences.Count;

        public bool Has(string words) => _sentences.Any(sentence => sentence.Contains(words, StringComparison.Ordinal));

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _sentences.Enqueue(formatter(state, exception));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Yield();
    }
}
