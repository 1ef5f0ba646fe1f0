using System.Net;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.ServiceDefaults.Tests.Health;

/// <summary>A real server on loopback: what a Kubernetes probe sees before, while and after the service is ready.</summary>
public sealed class ServiceDefaultsTests
{
    [Fact]
    public async Task Readyz_WeightsStillLoading_Answers503WithTheReasonUntilTheyArrive()
    {
        await using WebApplication app = await StartAsync(TimeSpan.Zero);
        using HttpClient client = Client(app);
        Readiness readiness = app.Services.GetRequiredService<Readiness>();

        readiness.Await("weights of tiny");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz")).StatusCode);
        using (HttpResponseMessage waiting = await client.GetAsync("/readyz"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, waiting.StatusCode);
            Assert.Equal("Still waiting for weights of tiny.\n", await waiting.Content.ReadAsStringAsync());
        }

        readiness.Arrived("weights of tiny");
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/readyz")).StatusCode);
    }

    [Fact]
    public async Task StopAsync_WorkRuns_ProbesStillAnswerNotReadyUntilItIsDone()
    {
        await using WebApplication app = await StartAsync(TimeSpan.FromMinutes(5));
        using HttpClient client = Client(app);
        DrainGate gate = app.Services.GetRequiredService<DrainGate>();
        IDisposable work = gate.TryEnter()!;
        TaskCompletionSource draining = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = gate.Draining.Register(draining.SetResult);

        Task stopped = app.StopAsync();
        await draining.Task;
        using (HttpResponseMessage response = await client.GetAsync("/readyz"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.Equal("The process is stopping.\n", await response.Content.ReadAsStringAsync());
        }

        Assert.Null(gate.TryEnter());
        Assert.False(stopped.IsCompleted);
        work.Dispose();
        await stopped;
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/readyz"));
    }

    [Fact]
    public async Task StopAsync_NoTimeToDrain_EndsRunningWorkAtOnce()
    {
        await using WebApplication app = await StartAsync(TimeSpan.Zero);
        DrainGate gate = app.Services.GetRequiredService<DrainGate>();
        using IDisposable work = gate.TryEnter()!;

        await app.StopAsync();

        Assert.True(gate.Expired.IsCancellationRequested);
    }

    private static async Task<WebApplication> StartAsync(TimeSpan drainTimeout)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddServiceDefaults(builder.Configuration, new ServiceIdentity("test", "1.0"), new DrainOptions { Timeout = drainTimeout });
        WebApplication app = builder.Build();
        app.MapServiceDefaults();
        await app.StartAsync();
        return app;
    }

    private static HttpClient Client(WebApplication app) => new() { BaseAddress = new Uri(app.Urls.Single()) };
}
