using System.Collections.Concurrent;
using CoLlm.Expert;
using CoLlm.Expert.Hosting;
using CoLlm.Router.Hosting;
using CoLlm.ServiceDefaults.Configuration;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.Testing;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>What a pod's configuration file says, read and validated as the process itself does.</summary>
internal sealed record ServiceSettings
{
    private static readonly ConcurrentDictionary<(string, string), Lazy<ServiceSettings>> Known = new();

    private ServiceSettings()
    {
    }

    public RouterOptions? Router { get; private init; }

    public ExpertOptions? Expert { get; private init; }

    /// <summary>Where gRPC is served.</summary>
    public int GrpcPort { get; private init; }

    /// <summary>Where probes over HTTP and metrics are served.</summary>
    public int HttpPort { get; private init; }

    /// <summary>How long the process takes to stop at most: what the host itself is told.</summary>
    public TimeSpan ShutdownTimeout { get; private init; }

    public TimeSpan DrainTimeout { get; private init; }

    /// <exception cref="ServiceConfigurationException">The file cannot be used.</exception>
    public static ServiceSettings Of(Manifests manifests, V1PodTemplateSpec pod) => Known.GetOrAdd(
        (Manifests.ComponentOf(pod), manifests.ConfigurationOf(pod)), key => new(() => Of(key.Item1, key.Item2))).Value;

    private static ServiceSettings Of(string component, string json)
    {
        using TemporaryDirectory folder = new();
        string file = folder.Write("settings.json", json);
        if (component == "router")
        {
            RouterOptions router = ServiceConfiguration.Load<RouterOptions>(file, options => options.FindProblems());
            return Of(router.Listen, router.HealthListen, RouterHost.Build(router)) with { Router = router, DrainTimeout = router.Drain.Timeout };
        }

        ExpertOptions expert = ServiceConfiguration.Load<ExpertOptions>(file, options => options.FindProblems());
        return Of(expert.Listen, expert.HealthListen, ExpertHost.Build(expert)) with { Expert = expert, DrainTimeout = expert.Drain.Timeout };
    }

    private static ServiceSettings Of(string listen, string healthListen, WebApplication application)
    {
        using (application as IDisposable)
        {
            return new ServiceSettings
            {
                GrpcPort = ListenAddress.TryParse(listen, out _)!.EndPoint!.Port,
                HttpPort = ListenAddress.TryParse(healthListen, out _)!.EndPoint!.Port,
                ShutdownTimeout = application.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout,
            };
        }
    }
}
