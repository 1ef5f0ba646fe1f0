using System.Net;
using CoLlm.Router.Admission;
using CoLlm.Router.Api;
using CoLlm.Router.Base;
using CoLlm.Router.Telemetry;
using CoLlm.ServiceDefaults;
using CoLlm.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
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

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        configureLogging(builder.Logging);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, options));
        AddServices(builder.Services, options);

        WebApplication application = builder.Build();
        application.MapGrpcService<GenerationService>();
        application.MapGrpcHealthChecksService();
        application.MapGrpcReflectionService();
        application.MapServiceDefaults();
        application.Lifetime.ApplicationStarted.Register(() => PrintAddresses(application, options));
        return application;
    }

    private static void AddServices(IServiceCollection services, RouterOptions options)
    {
        services.AddServiceDefaults(options.Drain);
        services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = options.Admission.MaxMessageBytes);
        services.AddGrpcHealthChecks();
        services.AddGrpcReflection();
        services.AddSingleton(options);
        services.AddSingleton(options.Admission);
        services.AddSingleton(new RequestReader(options.Requests));
        services.AddSingleton<RequestGate>();
        services.AddSingleton<RouterCounters>();
        services.AddSingleton<LoadedModel>();
        services.AddHostedService(provider => provider.GetRequiredService<LoadedModel>());
        services.AddSingleton<GenerationService>();
    }

    private static void Listen(KestrelServerOptions kestrel, RouterOptions options)
    {
        kestrel.AddServerHeader = false;
        Listen(kestrel, options.Listen, HttpProtocols.Http2);
        if (options.HealthListen is { } health)
            Listen(kestrel, health, HttpProtocols.Http1);
    }

    private static void Listen(KestrelServerOptions kestrel, string address, HttpProtocols protocols)
    {
        Uri uri = new(address);
        void Configure(ListenOptions endpoint)
        {
            endpoint.Protocols = protocols;
            if (uri.Scheme == Uri.UriSchemeHttps)
                endpoint.UseHttps();
        }

        if (IPAddress.TryParse(uri.Host.Trim('[', ']'), out IPAddress? ip))
            kestrel.Listen(ip, uri.Port, Configure);
        else if (uri.Host == "localhost")
            kestrel.ListenLocalhost(uri.Port, Configure);
        else
            kestrel.ListenAnyIP(uri.Port, Configure);
    }

    private static void PrintAddresses(WebApplication application, RouterOptions options)
    {
        string[] bound = [.. application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? []];
        if (bound.Length > 0)
            Console.Out.WriteLine($"Listening on {bound[0]}");
        if (bound.Length > 1 && options.HealthListen is not null)
            Console.Out.WriteLine($"Health on {bound[1]}");
    }
}
