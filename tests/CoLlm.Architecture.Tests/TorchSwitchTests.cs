using System.Reflection;
using System.Xml.Linq;

namespace CoLlm.Architecture.Tests;

/// <summary>A build without <c>-p:Torch</c> neither asks for TorchSharp nor compiles a line that needs it.</summary>
public sealed class TorchSwitchTests
{
    private static readonly string[] BuildFiles = [".csproj", ".props", ".targets"];

    public static TheoryData<string> FilesThatNameTorch =>
        [.. BuildFiles.SelectMany(SourceTree.With).Where(path => Mentions(path).Any())];

    [Theory]
    [MemberData(nameof(FilesThatNameTorch))]
    public void References_ToTorch_StandUnderTheSwitch(string path) =>
        Assert.All(Mentions(path), element => Assert.True(
            element.AncestorsAndSelf().Any(e => e.Attribute("Condition")?.Value.Contains("$(Torch)", StringComparison.Ordinal) == true),
            $"{path}: {element} has no condition on $(Torch)."));

    [Fact]
    public void Restore_OfAllProjects_HasTorchPackagesWithTheSwitchAlone()
    {
        bool expected = typeof(TorchSwitchTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Torch").Value is { Length: > 0 };
        string[] graphs = [.. SourceTree.With(".csproj")
            .Select(project => Path.Combine(RepositoryPaths.Root, Path.GetDirectoryName(project)!, "obj", "project.assets.json"))
            .Where(File.Exists)];
        Assert.NotEmpty(graphs);
        string[] withTorch = [.. graphs.Where(graph => File.ReadAllText(graph).Contains("\"TorchSharp/", StringComparison.Ordinal))];
        Assert.Equal(expected, withTorch.Length > 0);
    }

    private static IEnumerable<XElement> Mentions(string path) =>
        XDocument.Parse(SourceTree.Read(path)).Descendants().Where(element =>
            element.Name.LocalName is "PackageReference" or "PackageVersion" or "ProjectReference"
            && element.Attribute("Include")?.Value is { } include
            && (include.StartsWith("TorchSharp", StringComparison.Ordinal) || include.EndsWith(".Torch.csproj", StringComparison.Ordinal)));
}
