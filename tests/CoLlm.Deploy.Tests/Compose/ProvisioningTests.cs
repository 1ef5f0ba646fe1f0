using System.Text.Json;
using CoLlm.Testing;
using YamlDotNet.RepresentationModel;

namespace CoLlm.Deploy.Tests.Compose;

/// <summary>Grafana and the collector find what they are pointed at.</summary>
public sealed class ProvisioningTests
{
    private const string Provisioning = "observability/grafana/provisioning/";

    private static readonly YamlMappingNode[] Sources = [.. Sequence(Document(Provisioning + "datasources/datasources.yml")["datasources"])];

    private static readonly YamlMappingNode Collector = Document("observability/otel-collector.yml");

    [Fact]
    public async Task Grafana_Version_IsTheOneWhoseSchemaJudgesTheDashboards()
    {
        string package = await File.ReadAllTextAsync(
            Path.Combine(RepositoryPaths.Root, "tests", "CoLlm.Deploy.Tests", "validators", "package.json"), TestContext.Current.CancellationToken);
        string schema = JsonDocument.Parse(package).RootElement.GetProperty("dependencies").GetProperty("@grafana/schema").GetString()!;
        JsonElement grafana = (await ComposeFile.ReadAsync()).GetProperty("services").GetProperty("grafana");
        Assert.Equal($"grafana/grafana:{schema}", grafana.GetProperty("image").GetString());
    }

    [Fact]
    public async Task Grafana_Dashboards_AreMountedWhereTheProviderLooks()
    {
        string path = Scalar(Assert.Single(Sequence(Document(Provisioning + "dashboards/dashboards.yml")["providers"]))["options"]["path"]);
        JsonElement grafana = (await ComposeFile.ReadAsync()).GetProperty("services").GetProperty("grafana");
        JsonElement mount = Assert.Single(grafana.Objects("volumes"), volume => volume.GetProperty("target").GetString() == path);
        Assert.Equal(DeployTree.Full("observability/dashboards"), mount.GetProperty("source").GetString());
        string home = grafana.GetProperty("environment").GetProperty("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH").GetString()!;
        Assert.True(File.Exists(home.Replace(path, DeployTree.Full("observability/dashboards"), StringComparison.Ordinal)), home);
    }

    [Fact]
    public async Task Grafana_DataSources_AreServicesOfTheDemo()
    {
        string[] services = [.. (await ComposeFile.ServicesAsync()).Select(service => service.Name)];
        Assert.All(Sources, source => Assert.Contains(new Uri(Scalar(source["url"])).Host, services));
    }

    [Fact]
    public void Grafana_Exemplars_LeadToADataSourceOfTraces()
    {
        YamlNode exemplars = Sources.Single(source => Scalar(source["type"]) == "prometheus")["jsonData"]["exemplarTraceIdDestinations"][0];
        Assert.Equal("trace_id", Scalar(exemplars["name"]));
        Assert.Equal("jaeger", Scalar(Sources.Single(source => Scalar(source["uid"]) == Scalar(exemplars["datasourceUid"]))["type"]));
    }

    [Fact]
    public void Grafana_ScrapeInterval_IsPrometheus() => Assert.Equal(
        Scalar(Document("observability/prometheus/prometheus.yml")["global"]["scrape_interval"]),
        Scalar(Sources.Single(source => Scalar(source["type"]) == "prometheus")["jsonData"]["timeInterval"]));

    [Fact]
    public void Collector_Pipelines_UseWhatIsDeclaredAndAllOfIt()
    {
        foreach (string kind in (string[])["receivers", "processors", "exporters"])
        {
            IEnumerable<string> used = ((YamlMappingNode)Collector["service"]["pipelines"]).Children.Values
                .SelectMany(pipeline => ((YamlSequenceNode)pipeline[kind]).Children.Select(Scalar)).Distinct();
            Assert.Equal(((YamlMappingNode)Collector[kind]).Children.Keys.Select(Scalar).Order(), used.Order());
        }
    }

    [Fact]
    public async Task Collector_Ports_AreThoseThatOthersUse()
    {
        JsonElement services = (await ComposeFile.ReadAsync()).GetProperty("services");
        string grpc = Scalar(Collector["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]).Split(':')[1];
        Assert.All(ComposeFile.Ours, name => Assert.Equal(
            $"http://otel-collector:{grpc}", services.GetProperty(name).GetProperty("environment").GetProperty("OTEL_EXPORTER_OTLP_ENDPOINT").GetString()));
        string metrics = Scalar(Collector["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]["port"]);
        Assert.Contains($"'otel-collector:{metrics}'", DeployTree.Read("observability/prometheus/prometheus.yml"), StringComparison.Ordinal);
        Assert.True(services.TryGetProperty(Scalar(Collector["exporters"]["otlp/jaeger"]["endpoint"]).Split(':')[0], out _));
    }

    private static YamlMappingNode Document(string path) => Assert.Single(DeployTree.Documents(DeployTree.Read(path)));

    private static IEnumerable<YamlMappingNode> Sequence(YamlNode node) => ((YamlSequenceNode)node).Children.Cast<YamlMappingNode>();

    private static string Scalar(YamlNode node) => ((YamlScalarNode)node).Value!;
}
