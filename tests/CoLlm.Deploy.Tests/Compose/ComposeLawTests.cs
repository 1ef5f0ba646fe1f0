using System.Globalization;
using System.Text.Json;
using CoLlm.Testing;

namespace CoLlm.Deploy.Tests.Compose;

/// <summary>What holds for every container of the demo.</summary>
public sealed class ComposeLawTests
{
    /// <summary>Its image holds one program, which cannot ask itself.</summary>
    private const string WithoutHealthCheck = "otel-collector";

    [Fact]
    public async Task Services_Images_ArePinnedOrBuiltHere() => Assert.All(await ComposeFile.ServicesAsync(), service =>
    {
        string[] image = service.Value.GetProperty("image").GetString()!.Split(':');
        Assert.Equal(2, image.Length);
        if (service.Value.TryGetProperty("build", out JsonElement build))
        {
            string file = File.ReadAllText(Path.Combine(RepositoryPaths.Root, build.GetProperty("dockerfile").GetString()!));
            Assert.Contains($" AS {build.GetProperty("target").GetString()}\n", file, StringComparison.Ordinal);
        }
        else
        {
            Assert.Matches(@"^v?\d+\.\d+\.\d+$", image[1]);
        }
    });

    [Fact]
    public async Task Services_Privileges_AreNone() => Assert.All(await ComposeFile.ServicesAsync(), service =>
    {
        Assert.True(service.Value.GetProperty("read_only").GetBoolean(), service.Name);
        Assert.NotEqual(0, int.Parse(service.Value.GetProperty("user").GetString()!.Split(':')[0], CultureInfo.InvariantCulture));
        Assert.Equal(["ALL"], service.Value.Strings("cap_drop"));
        Assert.Equal(["no-new-privileges:true"], service.Value.Strings("security_opt"));
        Assert.Empty(service.Value.Strings("cap_add"));
        Assert.False(service.Value.TryGetProperty("privileged", out _), service.Name);
    });

    [Fact]
    public async Task Services_Resources_AreBounded() => Assert.All(await ComposeFile.ServicesAsync(), service =>
    {
        JsonElement limits = service.Value.GetProperty("deploy").GetProperty("resources").GetProperty("limits");
        Assert.All((string[])["cpus", "memory", "pids"], limit => Assert.True(limits.TryGetProperty(limit, out _), $"{service.Name} has no bound on {limit}"));
    });

    [Fact]
    public async Task Services_HealthChecks_AreThereAndWaitedFor()
    {
        (string Name, JsonElement Value)[] services = [.. await ComposeFile.ServicesAsync()];
        Assert.Equal([WithoutHealthCheck], services.Where(service => !service.Value.TryGetProperty("healthcheck", out _)).Select(service => service.Name));
        Assert.All(
            from service in services
            where service.Value.TryGetProperty("depends_on", out _)
            from dependency in service.Value.GetProperty("depends_on").EnumerateObject()
            select (Text: $"{service.Name} needs {dependency.Name}", dependency.Name, Condition: dependency.Value.GetProperty("condition").GetString()),
            needed => Assert.True(needed.Condition == (needed.Name == WithoutHealthCheck ? "service_started" : "service_healthy"), needed.Text));
    }

    [Fact]
    public async Task Services_MountedFiles_ExistAndAreReadOnly() => Assert.All(
        from service in await ComposeFile.ServicesAsync()
        from volume in service.Value.Objects("volumes")
        where volume.GetProperty("type").GetString() == "bind"
        select volume,
        volume =>
        {
            Assert.True(Path.Exists(volume.GetProperty("source").GetString()), $"{volume}");
            Assert.True(volume.GetProperty("read_only").GetBoolean(), $"{volume}");
        });

    [Fact]
    public async Task Services_PublishedPorts_AreForThisMachineAlone() => Assert.All(
        from service in await ComposeFile.ServicesAsync()
        from port in service.Value.Objects("ports")
        select port,
        port => Assert.Equal("127.0.0.1", port.GetProperty("host_ip").GetString()));

    [Fact]
    public async Task ExpertNetwork_Members_AreRouterAndExperts()
    {
        Assert.True((await ComposeFile.ReadAsync()).GetProperty("networks").GetProperty("experts").GetProperty("internal").GetBoolean());
        Assert.Equal(
            ComposeFile.Ours.Order(),
            (await ComposeFile.ServicesAsync()).Where(service => service.Value.GetProperty("networks").TryGetProperty("experts", out _)).Select(service => service.Name).Order());
    }
}
