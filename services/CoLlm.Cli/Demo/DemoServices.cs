using System.Net;
using System.Net.Sockets;
using CoLlm.Cli.Serving;

namespace CoLlm.Cli.Demo;

/// <summary>Every expert and the router in front of them, each a process on loopback.</summary>
internal sealed class DemoServices : IAsyncDisposable
{
    /// <summary>Each has one: they take turns, and threads that wait for work would only keep others from theirs.</summary>
    private const int ThreadCount = 1;

    private readonly List<ServiceProcess> _experts = [];

    /// <summary>The experts, in the order of the models'.</summary>
    public IReadOnlyList<ServiceProcess> Experts => _experts;

    public ServiceProcess Router { get; private set; } = null!;

    /// <summary>Completes with the first process that ends without having been told to by the demo.</summary>
    public Task<ServiceProcess> FirstEnded { get; private set; } = null!;

    /// <summary>Starts all of them and waits until the router may be asked.</summary>
    /// <param name="models">What they serve.</param>
    /// <param name="port">The router's; 0: any free one.</param>
    /// <param name="limit">Longest wait for the experts, and again for the router.</param>
    /// <param name="folder">Receives configurations and logs.</param>
    /// <param name="executable">This program.</param>
    /// <param name="cancellationToken">Stops what was started.</param>
    /// <exception cref="DemoException">The port is taken.</exception>
    /// <exception cref="ServiceProcessException">One of them did not start; none is left running.</exception>
    public static async Task<DemoServices> StartAsync(
        DemoModels models, int port, TimeSpan limit, ServiceFolder folder, ServiceExecutable executable, CancellationToken cancellationToken)
    {
        RequireFree(port);
        var services = new DemoServices();
        try
        {
            using HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
            foreach (string name in models.Experts)
                services._experts.Add(ServiceProcess.Start(executable, "expert", $"the expert {name}", ServiceSettings.Expert(name, models.DirectoryOf(name), ThreadCount), folder.File(name)));
            foreach (ServiceProcess expert in services._experts)
                await expert.ReadyAsync(http, limit, cancellationToken);
            object settings = ServiceSettings.Router(
                port, models.Base, models.SwapHead, ThreadCount, maxNewTokens: 0, models.Experts.Zip(services._experts, (name, expert) => (name, name, expert.Address)), hasHttp: true);
            services.Router = ServiceProcess.Start(executable, "router", "the router", settings, folder.File("router"));
            await services.Router.ReadyAsync(http, limit, cancellationToken);
            services.FirstEnded = FirstOfAsync([.. services._experts, services.Router]);
            return services;
        }
        catch
        {
            await services.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the router before the experts that its answers may need.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Router is not null)
            await Router.DisposeAsync();
        _experts.ForEach(expert => expert.BeginStop());
        foreach (ServiceProcess expert in _experts)
            await expert.DisposeAsync();
    }

    private static async Task<ServiceProcess> FirstOfAsync(ServiceProcess[] processes)
    {
        Task first = await Task.WhenAny(processes.Select(process => process.Exited));
        return processes.First(process => process.Exited == first);
    }

    /// <summary>Says so before anything is started; the router would find out last.</summary>
    private static void RequireFree(int port)
    {
        if (port == 0)
            return;
        using TcpListener listener = new(IPAddress.Loopback, port);
        try
        {
            listener.Start();
        }
        catch (SocketException exception)
        {
            throw new DemoException(
                $"Port {port} cannot be used: {exception.Message}. Choose another with --port, or leave it out to have a free one taken.", exception);
        }
    }
}
