using Grpc.Core;

namespace CoLlm.Grpc.Tests.Surface;

/// <summary>The stand-in shows what generated code and this system use of the official packages, and nothing else.</summary>
public sealed class PublicApiTests
{
    private static readonly string[] OfficialNamespaces =
    [
        "Grpc.AspNetCore.HealthChecks",
        "Grpc.AspNetCore.Server",
        "Grpc.Core",
        "Grpc.Core.Interceptors",
        "Grpc.Health.V1",
        "Grpc.HealthCheck",
        "Grpc.Net.Client",
        "Grpc.Net.Client.Configuration",
        "Microsoft.AspNetCore.Builder",
        "Microsoft.Extensions.DependencyInjection",
        "OpenTelemetry",
    ];

    [Fact]
    public void Surface_Now_IsTheApprovedOne()
    {
        string approvedPath = Path.Combine(AppContext.BaseDirectory, "Surface", "PublicApi.txt");
        string[] approved = File.Exists(approvedPath) ? File.ReadAllLines(approvedPath) : [];
        string[] actual = [.. ApiDescription.Of(typeof(Status).Assembly)];
        if (!actual.SequenceEqual(approved))
            File.WriteAllLines(Path.Combine(AppContext.BaseDirectory, "Surface", "PublicApi.actual.txt"), actual);

        string[] added = [.. actual.Except(approved).Select(line => "+ " + line)];
        string[] removed = [.. approved.Except(actual).Select(line => "- " + line)];
        Assert.True(
            actual.SequenceEqual(approved),
            "If the official packages have this too, put Surface/PublicApi.actual.txt, beside the test binaries, in the place of "
            + "Surface/PublicApi.txt:\n" + string.Join('\n', [.. added, .. removed]));
    }

    [Fact]
    public void Types_Public_AreInOfficialNamespaces() =>
        Assert.Empty(typeof(Status).Assembly.GetExportedTypes().Where(type => !OfficialNamespaces.Contains(type.Namespace)));
}
