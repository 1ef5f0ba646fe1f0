using CoLlm.Benchmarks.Telemetry;
using CoLlm.Benchmarks.Transport;
using CoLlm.Expert.Hosting;
using CoLlm.Expert.Models;
using CoLlm.Inference;
using CoLlm.Router.Base;
using CoLlm.Router.Hosting;
using CoLlm.ServiceDefaults.Configuration;
using CoLlm.ServiceDefaults.Health;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>One of the services in a process of its own; its parent may ask what its engines have done.</summary>
internal sealed class ServiceProcess : IDisposable
{
    public const string Name = "collaboration-service";
    public const string Summary = "The processes that collaboration starts";

    private const string Ready = "ready ";
    private const string Work = "work ";

    private readonly ChildProcess _process;

    private ServiceProcess(ChildProcess process) => _process = process;

    public string Address { get; private set; } = "";

    /// <param name="service"><c>router</c>, <c>expert</c>, <c>research</c> or <c>sink</c>.</param>
    /// <param name="argument">A configuration file; <see cref="ResearchServer.Argument"/> for <c>research</c>.</param>
    /// <param name="environment">Variables, each as <c>NAME=VALUE</c>.</param>
    public static async Task<ServiceProcess> StartAsync(string service, string argument, params string[] environment)
    {
        var process = new ServiceProcess(new ChildProcess(Environment.ProcessPath!, [Name, service, argument, .. environment]));
        process.Address = await process.ReadAsync(await process._process.ReadAsync(), Ready);
        return process;
    }

    /// <summary>What all its engines have done since the start.</summary>
    public async Task<EngineWork> WorkAsync() => EngineWork.Parse(await ReadAsync(await _process.AskAsync("work"), Work));

    public void Dispose() => _process.Dispose();

    /// <summary>The child's side.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        foreach (string variable in args[2..])
            Environment.SetEnvironmentVariable(variable[..variable.IndexOf('=', StringComparison.Ordinal)], variable[(variable.IndexOf('=', StringComparison.Ordinal) + 1)..]);
        await using WebApplication application = args[0] switch
        {
            "expert" => ExpertHost.Build(ServiceConfiguration.Load<Expert.ExpertOptions>(args[1])),
            "router" => RouterHost.Build(ServiceConfiguration.Load<RouterOptions>(args[1])),
            "sink" => TelemetrySink.Build(),
            _ => ResearchServer.Build(args[1]),
        };
        await application.StartAsync();
        if (application.Services.GetService<Readiness>() is { } readiness)
            await readiness.WhenCompleteAsync(default);
        Console.WriteLine(Ready + application.Urls.First());
        while (await Console.In.ReadLineAsync() is not null)
        {
            IEnumerable<InferenceEngine?> engines = application.Services.GetService<ModelCatalog>()?.Loaded.Select(model => model.Engine)
                ?? [application.Services.GetService<LoadedModel>()?.Current?.Base.Engine];
            Console.WriteLine(Work + EngineWork.Of(engines));
        }

        return 0;
    }

    /// <summary>Log lines come between.</summary>
    private async Task<string> ReadAsync(string line, string start)
    {
        while (!line.StartsWith(start, StringComparison.Ordinal))
            line = await _process.ReadAsync();
        return line[start.Length..];
    }
}
