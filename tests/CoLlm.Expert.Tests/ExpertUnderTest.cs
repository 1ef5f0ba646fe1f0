using CoLlm.Expert.Hosting;
using CoLlm.Expert.Models;
using CoLlm.Expert.OpenAi;
using CoLlm.Expert.Sessions;
using CoLlm.Expert.Tests.OpenAi.Servers;
using CoLlm.Inference;
using CoLlm.Inference.Cpu;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.Testing;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Expert.Tests;

/// <summary>A real expert on a loopback port with a golden checkpoint, and a channel to it.</summary>
internal sealed class ExpertUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private ExpertUnderTest(WebApplication app, CompletionsServer? server)
    {
        _app = app;
        Server = server;
        _channel = GrpcChannel.ForAddress(app.Urls.Single());
        Client = new Protocol.V1.Expert.ExpertClient(_channel);
    }

    public Protocol.V1.Expert.ExpertClient Client { get; }

    public ChannelBase Channel => _channel;

    public WebApplication App => _app;

    public ExpertModel Model => _app.Services.GetRequiredService<ModelCatalog>().Loaded[0];

    public SessionTable Table => _app.Services.GetRequiredService<SessionTable>();

    /// <summary>The server elsewhere that computes the model, where it is not the expert's own engine.</summary>
    public CompletionsServer? Server { get; }

    /// <summary>An expert whose model is computed by its own engine, or, with a flavor, by a server of that kind over HTTP.</summary>
    public static async Task<ExpertUnderTest> StartBehindAsync(
        ServerFlavor? flavor, Func<ExpertOptions, ExpertOptions>? change = null, Func<OpenAiOptions, OpenAiOptions>? changeServer = null, TimeProvider? time = null)
    {
        if (flavor is null)
            return await StartAsync(change, time);
        CompletionsServer server = await CompletionsServer.StartAsync(flavor.Value);
        ExpertModelOptions model = server.Options();
        model = model with { OpenAi = changeServer?.Invoke(model.OpenAi!) ?? model.OpenAi };
        return await StartAsync(options => change is null ? options with { Models = [model] } : change(options with { Models = [model] }), time, server: server);
    }

    public static async Task<ExpertUnderTest> StartAsync(
        Func<ExpertOptions, ExpertOptions>? change = null, TimeProvider? time = null, string model = "pair-expert", CompletionsServer? server = null)
    {
        ExpertOptions options = new()
        {
            Listen = "http://127.0.0.1:0",
            Models =
            [
                new ExpertModelOptions
                {
                    Name = model,
                    Directory = RepositoryPaths.Golden("models", model),
                    Threads = 1,
                    PackedWeights = PackedWeightStorage.Memory,
                    KvCacheBytes = 4 << 20,
                },
            ],
            Drain = new DrainOptions { Timeout = TimeSpan.Zero },
        };
        WebApplication app = ExpertHost.Build(change?.Invoke(options) ?? options, time);
        await app.StartAsync();
        await app.Services.GetRequiredService<Readiness>().WhenCompleteAsync(CancellationToken.None);
        return new ExpertUnderTest(app, server);
    }

    /// <summary>The engine that computes, here or elsewhere.</summary>
    public InferenceEngine Engine => Model.Engine ?? Server!.Engine;

    /// <summary>What log-probabilities may be off by: nothing from its own engine, what single precision and printing leave from elsewhere.</summary>
    public float Tolerance => Server is null ? 0f : 1e-5f;

    public EngineStatistics Statistics => Engine.GetStatistics();

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        if (Server is not null)
            await Server.DisposeAsync();
    }
}
