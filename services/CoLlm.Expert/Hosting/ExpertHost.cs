using CoLlm.Expert.Api;
using CoLlm.Expert.Models;
using CoLlm.Expert.OpenAi;
using CoLlm.Expert.Sessions;
using CoLlm.Expert.Telemetry;
using CoLlm.ServiceDefaults;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Hosting;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Expert.Hosting;

/// <summary>Builds the expert process: everything it is made of, in the order in which a session meets it.</summary>
public static class ExpertHost
{
    /// <summary>A host that is ready to be started; models load while it already answers probes.</summary>
    /// <param name="options">What to serve, and its bounds.</param>
    /// <param name="time">Clock for idle times; null: the system's.</param>
    /// <exception cref="ArgumentException">The options contradict each other; the message has every problem.</exception>
    public static WebApplication Build(ExpertOptions options, TimeProvider? time = null)
    {
        string[] problems = [.. options.FindProblems()];
        if (problems.Length > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));

        WebApplicationBuilder builder = ServiceHostBuilder.Create();
        builder.Logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true);
        builder.WebHost.ListenAt(options.Listeners);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddServiceDefaults(
            builder.Configuration, ServiceIdentity.Of<ExpertOptions>("expert") with { StartsTraces = false }, options.Drain);
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.Limits.MaxMessageBytes;
            grpc.Interceptors.Add<RpcTelemetry>();
        });
        builder.Services.AddGrpcHealthChecks(health => health.Services.Map(Liveness.Service, check => check.Name == Liveness.Service));
        builder.Services.AddGrpcReflection();
        AddExpert(builder.Services, options);

        WebApplication app = builder.Build();
        app.MapGrpcService<ExpertService>().ServedAt(ListenerKind.Grpc);
        app.MapGrpcHealthChecksService().ServedAt(ListenerKind.Grpc);
        app.MapGrpcReflectionService().ServedAt(ListenerKind.Grpc);
        app.MapServiceDefaults();
        app.AnnounceAddresses();
        return app;
    }

    private static void AddExpert(IServiceCollection services, ExpertOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(options.Limits);
        services.AddSingleton(ReplicaName.Create());
        services.AddSingleton<ModelCatalog>();
        services.AddSingleton<SessionTable>();
        services.AddSingleton<SessionInstruments>();
        services.AddSingleton<SessionServices>();
        services.AddSingleton<RemoteModels>();
        services.AddSingleton<ModelLoading>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelLoading>());
    }
}
