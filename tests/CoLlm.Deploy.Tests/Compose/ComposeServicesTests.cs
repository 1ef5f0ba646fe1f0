using System.Text.Json;
using CoLlm.Expert;
using CoLlm.Router.Hosting;
using CoLlm.ServiceDefaults.Configuration;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.Testing;
using YamlDotNet.RepresentationModel;

namespace CoLlm.Deploy.Tests.Compose;

/// <summary>The demo's services would start with the settings they are given, and find each other.</summary>
public sealed class ComposeServicesTests
{
    [Fact]
    public async Task Router_Settings_AreValidAndListenWhereTheDefaultIs()
    {
        RouterOptions router = await RouterAsync();
        Assert.Equal(PortOf(new RouterOptions().Listen), PortOf(router.Listen));
        Assert.Equal([PortOf(router.Listen), PortOf(router.HttpListen), PortOf(router.HealthListen)], await PublishedPortsAsync("router"));
    }

    [Fact]
    public async Task Router_Experts_AreServedAtTheirAddresses() => await Assert.AllAsync((await RouterAsync()).Experts, async expert =>
    {
        Uri address = new(Assert.Single(expert.Addresses));
        ExpertOptions served = await ExpertAsync(address.Host);
        Assert.Equal(PortOf(served.Listen), address.Port);
        Assert.Contains(expert.Model ?? expert.Name, served.Models.Select(model => model.Name));
    });

    [Fact]
    public async Task Experts_Settings_AreValidAndListenWhereTheDefaultIs()
    {
        foreach (string name in ComposeFile.Ours.Where(name => name != "router"))
            Assert.Equal(PortOf(new ExpertOptions().Listen), PortOf((await ExpertAsync(name)).Listen));
    }

    [Fact]
    public async Task HealthChecks_OfOurServices_AskWhereTheyAnswer() => await Assert.AllAsync(
        from service in await ComposeFile.ServicesAsync()
        where ComposeFile.Ours.Contains(service.Name)
        select service,
        async service => Assert.Equal(
            service.Name == "router" ? PortOf((await RouterAsync()).Listen) : PortOf((await ExpertAsync(service.Name)).Listen),
            new Uri(service.Value.GetProperty("healthcheck").Strings("test")[^1]).Port));

    [Fact]
    public async Task Stopping_OfOurServices_OutlastsTheirDrain() => Assert.All(
        from service in await ComposeFile.ServicesAsync()
        where ComposeFile.Ours.Contains(service.Name)
        select service.Value.GetProperty("stop_grace_period").GetString()!,
        period => Assert.True(int.Parse(period.TrimEnd('s'), System.Globalization.CultureInfo.InvariantCulture) >= new RouterOptions().Drain.Timeout.TotalSeconds + 5 + 10, period));

    [Fact]
    public async Task Prometheus_Targets_AreTheServicesWhereTheyAnswer()
    {
        YamlMappingNode configuration = Assert.Single(DeployTree.Documents(DeployTree.Read("observability/prometheus/prometheus.yml")));
        string[] targets =
        [
            .. from job in ((YamlSequenceNode)configuration["scrape_configs"]).Children
               from target in ((YamlSequenceNode)job["static_configs"][0]["targets"]).Children
               select ((YamlScalarNode)target).Value!,
        ];
        foreach (string name in ComposeFile.Ours)
            Assert.Contains($"{name}:{await HealthPortAsync(name)}", targets);
        string[] services = [.. (await ComposeFile.ServicesAsync()).Select(service => service.Name), "localhost"];
        Assert.Empty(targets.Select(target => target.Split(':')[0]).Except(services));
    }

    private static Task<RouterOptions> RouterAsync() => LoadAsync<RouterOptions>("router", options => options.FindProblems());

    private static Task<ExpertOptions> ExpertAsync(string service) => LoadAsync<ExpertOptions>(service, options => options.FindProblems());

    private static async Task<int> HealthPortAsync(string service) =>
        PortOf(service == "router" ? (await RouterAsync()).HealthListen : (await ExpertAsync(service)).HealthListen);

    /// <summary>Reads the settings that a service finds, as the service does.</summary>
    private static async Task<TOptions> LoadAsync<TOptions>(string service, Func<TOptions, IEnumerable<string>> validate) where TOptions : class, new()
    {
        JsonElement compose = await ComposeFile.ReadAsync();
        JsonElement container = compose.GetProperty("services").GetProperty(service);
        JsonElement mounted = Assert.Single(container.Objects("configs"));
        Assert.Equal(container.Strings("command")[^1], mounted.GetProperty("target").GetString());
        string content = compose.GetProperty("configs").GetProperty(mounted.GetProperty("source").GetString()!).GetProperty("content").GetString()!;
        using TemporaryDirectory folder = new();
        return ServiceConfiguration.Load(folder.Write("settings.json", content), validate);
    }

    private static async Task<IEnumerable<int>> PublishedPortsAsync(string service) =>
        (await ComposeFile.ReadAsync()).GetProperty("services").GetProperty(service).Objects("ports").Select(port => port.GetProperty("target").GetInt32());

    private static int PortOf(string? listen) => ListenAddress.TryParse(listen!, out _)!.EndPoint!.Port;
}
