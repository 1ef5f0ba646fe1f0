using System.Text.Json;
using System.Text.Json.Nodes;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.EndToEnd.Tests.Processes;
using CoLlm.Testing.Certificates;
using Grpc.Net.Client;

namespace CoLlm.EndToEnd.Tests.Tls;

/// <summary>An expert that wants certificates of its routers, a router that finds it by name, and a client: nothing in cleartext but probes.</summary>
public sealed class SecureServices : IAsyncLifetime
{
    private CollmProcess? _expert;

    internal TestAuthority Authority { get; } = new();

    internal CollmProcess Expert => _expert!;

    internal RouterClient Router { get; private set; } = null!;

    /// <summary>Settings of a router that asks that expert.</summary>
    /// <param name="certificate">Shown to the expert; null: none.</param>
    /// <param name="caPath">Trusted.</param>
    internal object RouterSettings(string? certificate, string caPath)
    {
        string address = $"dns:///localhost:{new Uri(Expert.Address).Port}";
        JsonObject settings = Secured(Settings.Router(null, (SharedServices.First, [address])), new { Certificate = Files("router") });
        settings["Experts"]![0]!["Tls"] = JsonSerializer.SerializeToNode(new { CaPath = caPath, Certificate = certificate is null ? null : Files(certificate) });
        return settings;
    }

    public async ValueTask InitializeAsync()
    {
        Authority.Issue("expert", ["localhost"]);
        Authority.Issue("router", ["127.0.0.1"]);
        _expert = await CollmProcess.StartAsync(
            "expert", Secured(Settings.Expert(SharedServices.First), new { Certificate = Files("expert"), ClientCaPath = Authority.CaPath }));
        CollmProcess router = await CollmProcess.StartAsync("router", RouterSettings("router", Authority.CaPath));
        Router = new RouterClient(router, new GrpcChannelOptions
        {
            HttpHandler = new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = Authority.Trust } },
            DisposeHttpClient = true,
        });
    }

    public async ValueTask DisposeAsync()
    {
        Router.Dispose();
        await Router.Process.DisposeAsync();
        await Expert.DisposeAsync();
        Authority.Dispose();
    }

    private object Files(string name) => new { Path = Authority.CertificatePath(name), KeyPath = Authority.KeyPath(name) };

    private static JsonObject Secured(object settings, object tls)
    {
        JsonObject changed = JsonSerializer.SerializeToNode(settings)!.AsObject();
        changed["Listen"] = "https://127.0.0.1:0";
        changed["Tls"] = JsonSerializer.SerializeToNode(tls);
        return changed;
    }
}
