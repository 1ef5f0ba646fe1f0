using CoLlm.Expert.Hosting;
using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
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

    private ExpertUnderTest(WebApplication app)
    {
        _app = app;
        _channel = GrpcChannel.ForAddress(app.Urls.Single());
        Client = new Protocol.V1.Expert.ExpertClient(_channel);
    }

    public Protocol.V1.Expert.ExpertClient Client { get; }

    public ChannelBase Channel => _channel;

    public WebApplication App => _app;

    public ExpertModel Model => _app.Services.GetRequiredService<ModelCatalog>().Loaded[0];

    public SessionTable Table => _app.Services.GetRequiredService<SessionTable>();

    public static async Task<ExpertUnderTest> StartAsync(Func<ExpertOptions, ExpertOptions>? change = null, TimeProvider? time = null, string model = "pair-expert")
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
        return new ExpertUnderTest(app);
    }

    public InferenceEngine Engine => Model.Engine!;

    public EngineStatistics Statistics => Engine.GetStatistics();

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
