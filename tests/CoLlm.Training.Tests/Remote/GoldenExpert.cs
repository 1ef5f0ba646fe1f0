using CoLlm.Expert;
using CoLlm.Expert.Hosting;
using CoLlm.Inference.Cpu;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Training.Tests.Remote;

/// <summary>A real expert service on a loopback port, with a golden checkpoint.</summary>
internal sealed class GoldenExpert : IAsyncDisposable
{
    private readonly WebApplication _application;

    private GoldenExpert(WebApplication application) => _application = application;

    public Uri Address => new(_application.Urls.Single());

    /// <summary>Starts it and waits for its weights.</summary>
    public static async Task<GoldenExpert> StartAsync(string model)
    {
        WebApplication application = ExpertHost.Build(new ExpertOptions
        {
            Listen = "http://127.0.0.1:0",
            Models = [new ExpertModelOptions { Name = model, Directory = RepositoryPaths.Golden("models", model), Threads = 1, PackedWeights = PackedWeightStorage.Memory, KvCacheBytes = 4 << 20 }],
            Drain = new DrainOptions { Timeout = TimeSpan.Zero },
        });
        await application.StartAsync();
        await application.Services.GetRequiredService<Readiness>().WhenCompleteAsync(CancellationToken.None);
        return new GoldenExpert(application);
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }
}
