using System.Xml.Linq;

namespace CoLlm.Architecture.Tests;

/// <summary>Who may reference whom: hosts know the idea, the idea knows the engine, the engine knows nothing of either.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["CoLlm.Grpc"] = [],
        ["CoLlm.Inference"] = [],
        ["CoLlm.ServiceDefaults"] = ["CoLlm.Inference", "CoLlm.Grpc"],
        ["CoLlm.Protocol"] = ["CoLlm.Grpc"],
        ["CoLlm.Inference.Cpu"] = ["CoLlm.Inference"],
        ["CoLlm.Inference.Torch"] = ["CoLlm.Inference"],
        ["CoLlm.Decoding"] = ["CoLlm.Inference"],
        ["CoLlm.Expert"] = ["CoLlm.Inference", "CoLlm.Inference.Cpu", "CoLlm.Protocol", "CoLlm.ServiceDefaults", "CoLlm.Grpc"],
        ["CoLlm.Router"] =
            ["CoLlm.Decoding", "CoLlm.Inference", "CoLlm.Inference.Cpu", "CoLlm.Protocol", "CoLlm.ServiceDefaults", "CoLlm.Grpc"],
        ["CoLlm.Training"] = ["CoLlm.Decoding", "CoLlm.Inference", "CoLlm.Inference.Cpu", "CoLlm.Protocol", "CoLlm.Grpc"],
        ["CoLlm.Training.Torch"] = ["CoLlm.Training", "CoLlm.Inference", "CoLlm.Inference.Torch"],
        ["CoLlm.Evaluation"] = ["CoLlm.Decoding", "CoLlm.Inference", "CoLlm.Inference.Cpu"],
    };

    public static TheoryData<string> ServiceProjects =>
        [.. SourceTree.With(".csproj").Where(path => path.StartsWith("services/", StringComparison.Ordinal) && !path.EndsWith("CoLlm.Cli.csproj", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(ServiceProjects))]
    public void References_OfServiceProject_AreInTheTable(string project)
    {
        string name = Path.GetFileNameWithoutExtension(project);
        Assert.True(Allowed.TryGetValue(name, out string[]? allowed), $"{name} has no row in the table of allowed references.");
        Assert.Empty(References(project).Except(allowed));
    }

    [Fact]
    public void Solution_EveryProjectInTheTree_IsListed()
    {
        string solution = SourceTree.Read("CoLlm.Distributed.sln").Replace('\\', '/');
        Assert.Empty(SourceTree.With(".csproj").Where(project => !solution.Contains($"\"{project}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public void Packages_EveryVersion_IsAnExactPin()
    {
        XDocument packages = XDocument.Parse(SourceTree.Read("Directory.Packages.props"));
        string[] loose = [.. packages.Descendants("PackageVersion")
            .Where(package => package.Attribute("Version")?.Value is not ['[', .., ']'])
            .Select(package => package.Attribute("Include")!.Value)];
        Assert.Empty(loose);
    }

    private static IEnumerable<string> References(string project) =>
        XDocument.Parse(SourceTree.Read(project)).Descendants("ProjectReference")
            .Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/'))
            .Select(path => Path.GetFileNameWithoutExtension(path));
}
