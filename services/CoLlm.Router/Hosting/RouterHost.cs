using CoLlm.Router.Admission;
using CoLlm.Router.Api;
using CoLlm.Router.Base;
using CoLlm.Router.OpenAi;
using CoLlm.Router.Playground;
using CoLlm.Router.Telemetry;
using CoLlm.ServiceDefaults;
using CoLlm.ServiceDefaults.Configuration;
using CoLlm.ServiceDefaults.Health;
using CoLlm.ServiceDefaults.Hosting;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Router.Hosting;

/// <summary>Puts the router process together. Addresses are printed once they are bound, so that a parent can read the ports.</summary>
public static class RouterHost
{
    /// <summary>Builds the process; weights are loaded once it starts.</summary>
    /// <exception cref="ServiceConfigurationException">Values of the options contradict each other; all of them are named.</exception>
    public static WebApplication Build(RouterOptions options) =>
        Build(options, logging => logging.ClearProviders().AddSimpleConsole(console => console.SingleLine = true));

    internal static WebApplication Build(RouterOptions options, Action<ILoggingBuilder> configureLogging)
    {
        string[] problems = [.. options.FindProblems()];
        if (problems.Length > 0)
            throw new ServiceConfigurationException(problems);

        WebApplicationBuilder builder = ServiceHostBuilder.Create();
        configureLogging(builder.Logging);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.ListenAt(options.Listeners);
        builder.Services.AddServiceDefaults(builder.Configuration, ServiceIdentity.Of<RouterOptions>("router"), options.Drain);
        AddServices(builder.Services, options);

        WebApplication application = builder.Build();
        application.MapGrpcService<GenerationService>().ServedAt(ListenerKind.Grpc);
        application.MapGrpcHealthChecksService().ServedAt(ListenerKind.Grpc);
        application.MapGrpcReflectionService().ServedAt(ListenerKind.Grpc);
        application.MapServiceDefaults();
        if (options.HttpListen.Length > 0)
            application.MapOpenAi();
        if (options.HttpListen.Length > 0 && options.HttpPlayground)
            application.MapPlayground();
        application.AnnounceAddresses();
        return application;
    }

    private static void AddServices(IServiceCollection services, RouterOptions options)
    {
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = options.Admission.MaxMessageBytes;
            grpc.Interceptors.Add<RpcTelemetry>();
        });
        services.AddGrpcHealthChecks(health => health.Services.Map(Liveness.Service, check => check.Name == Liveness.Service));
        services.AddGrpcReflection();
        services.AddSingleton(options);
        services.AddSingleton(options.Admission);
        services.AddSingleton(new RequestReader(options.Requests));
        services.AddSingleton<RequestGate>();
        services.AddSingleton<RouterTelemetry>();
        services.AddSingleton<LoadedModel>();
        services.AddHostedService(provider => provider.GetRequiredService<LoadedModel>());
        services.AddSingleton<Answering>();
        services.AddSingleton<GenerationService>();
        services.AddSingleton<HttpTelemetry>();
        services.AddSingleton<OpenAiService>();
    }
}
