using System.Reflection;

namespace CoLlm.Grpc.Tests.Surface;

/// <summary>What the stand-in shows, the official packages have too: each type and each member, under the same name and with the same parameters.</summary>
public sealed class OfficialApiTests
{
    private static readonly string[] Official =
    [
        "Grpc.AspNetCore.HealthChecks",
        "Grpc.AspNetCore.Server",
        "Grpc.AspNetCore.Server.Reflection",
        "Grpc.Core.Api",
        "Grpc.HealthCheck",
        "Grpc.Net.Client",
        "Grpc.Net.Common",
        "OpenTelemetry.Extensions.Hosting",
    ];

    [Fact]
    public void Surface_OfTheStandIn_IsInTheOfficialPackages()
    {
        HashSet<string> known = [.. Official.SelectMany(name => InTypes(ApiDescription.Of(Assembly.Load(name))))];
        string[] standIn = [.. InTypes(File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Surface", "PublicApi.txt")))];
        Assert.NotEmpty(standIn);
        Assert.Empty(standIn.Where(line => !known.Contains(line)));
    }

    /// <summary>The lines of a description, each member's with the name of its type before it.</summary>
    private static IEnumerable<string> InTypes(IEnumerable<string> lines)
    {
        string type = "";
        foreach (string line in lines)
        {
            if (!line.StartsWith(' '))
                type = line;

            yield return line.StartsWith(' ') ? type + line : line;
        }
    }
}
