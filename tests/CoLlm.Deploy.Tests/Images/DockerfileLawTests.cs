using System.Text.Json;
using System.Xml.Linq;
using CoLlm.Testing;

namespace CoLlm.Deploy.Tests.Images;

/// <summary>What every image has: a base that can be chosen, several stages, no rights, and files that are there.</summary>
public sealed class DockerfileLawTests
{
    private static readonly string[] Services = ["router", "expert"];

    public static TheoryData<string> Files => Dockerfile.Files;

    public static TheoryData<string> ServiceFiles => ["Dockerfile", "Dockerfile.cuda"];

    [Theory]
    [MemberData(nameof(Files))]
    public void From_EveryStage_IsAnArgumentWithAVersionOrAnotherStage(string file)
    {
        Dockerfile dockerfile = Dockerfile.Read(file);
        for (int i = 0; i < dockerfile.Stages.Count; i++)
        {
            string start = dockerfile.Stages[i].Base;
            if (dockerfile.Stages.Take(i).Any(stage => stage.Name == start))
                continue;
            Assert.Matches(@"^\$\{[A-Z_]+\}$", start);
            Assert.Matches(@"^[a-z0-9./-]+:\d+\.\d+[a-z0-9.-]*$", dockerfile.Arguments[start[2..^1]]);
        }

        Assert.Contains("BASE_IMAGE", dockerfile.Arguments.Keys);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Copy_Sources_AreInTheTreeAndPassTheIgnoreFile(string file)
    {
        IgnoreFile ignore = new(File.ReadAllText(Path.Combine(RepositoryPaths.Root, ".dockerignore")));
        string models = DeployTree.Read("models/demo/README.md");
        foreach (Instruction copy in Dockerfile.Read(file).Stages.SelectMany(stage => stage.Instructions).Where(instruction => instruction.Name == "COPY" && !instruction.HasFlag("from")))
        {
            foreach (string source in copy.Words[..^1].Select(word => word.Replace("${MODELS}", "deploy/models/demo", StringComparison.Ordinal)))
            {
                bool isModel = source.StartsWith("deploy/models/demo/", StringComparison.Ordinal) && models.Contains($"`{Path.GetFileName(source)}/`", StringComparison.Ordinal);
                Assert.True(isModel || Path.Exists(Path.Combine(RepositoryPaths.Root, source)), source);
                Assert.False(ignore.Ignores($"{source}/file"), source);
            }
        }
    }

    [Theory]
    [InlineData("tests/golden/models/tiny/model.safetensors", true)]
    [InlineData(".git/HEAD", true)]
    [InlineData("services/CoLlm.Cli/bin/Release/collm.dll", true)]
    [InlineData("services/CoLlm.Router/obj/project.assets.json", true)]
    [InlineData("services/README.md", true)]
    [InlineData("deploy/kubernetes/base/router/router.json", true)]
    [InlineData("deploy/models/demo/data/split.json", true)]
    [InlineData("deploy/models/demo/base/model.safetensors", false)]
    [InlineData("services/CoLlm.Cli/Program.cs", false)]
    [InlineData("services/Directory.Build.props", false)]
    [InlineData("global.json", false)]
    public void IgnoreFile_Path_IsKeptFromTheBuildOrNot(string path, bool isIgnored) =>
        Assert.Equal(isIgnored, new IgnoreFile(File.ReadAllText(Path.Combine(RepositoryPaths.Root, ".dockerignore"))).Ignores(path));

    [Theory]
    [MemberData(nameof(Files))]
    public void Stages_Published_RunAsANumberedUserAndAddNothingUnseen(string file)
    {
        Dockerfile dockerfile = Dockerfile.Read(file);
        Instruction[] whole = [.. dockerfile.Whole(dockerfile.Stages[^1])];
        Assert.Equal("1654:1654", whole.Last(instruction => instruction.Name == "USER").Arguments);
        Assert.DoesNotContain(dockerfile.Stages.SelectMany(stage => stage.Instructions), instruction => instruction.Name is "ADD" or "MAINTAINER" or "VOLUME");
        Assert.DoesNotContain(whole, instruction => instruction.Name == "RUN");
    }

    [Theory]
    [MemberData(nameof(ServiceFiles))]
    public void Targets_RouterAndExpert_StartWhatIsBuilt(string file)
    {
        Dockerfile dockerfile = Dockerfile.Read(file);
        XElement project = XDocument.Load(Path.Combine(RepositoryPaths.Root, "services/CoLlm.Cli/CoLlm.Cli.csproj")).Root!;
        string assembly = $"/app/{project.Descendants("AssemblyName").Single().Value}.dll";
        Instruction publish = dockerfile.Stages.Single(stage => stage.Name == "build").Instructions[^1];
        Assert.Contains("services/CoLlm.Cli/CoLlm.Cli.csproj", publish.Arguments, StringComparison.Ordinal);
        Assert.Contains("-o /app ", publish.Arguments, StringComparison.Ordinal);
        Assert.Equal(Services, dockerfile.Stages.TakeLast(2).Select(stage => stage.Name));
        foreach (Stage stage in dockerfile.Stages.TakeLast(2))
        {
            Instruction[] whole = [.. dockerfile.Whole(stage)];
            Assert.Equal("build", whole.Last(instruction => instruction.Name == "COPY").Flag("from"));
            Assert.Equal(["dotnet", assembly], Words(whole, "ENTRYPOINT"));
            Assert.Contains(whole, instruction => instruction.Name == "ENV" && instruction.Words.Contains("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=true"));
            Assert.Equal(["serve", stage.Name, "--config", $"/etc/collm/{stage.Name}.json"], Words(whole, "CMD"));
            int port = new Uri(stage.Name == "router" ? new Router.Hosting.RouterOptions().Listen : new Expert.ExpertOptions().Listen).Port;
            Assert.Equal($"{port} 8080", whole.Single(instruction => instruction.Name == "EXPOSE").Arguments);
            string health = whole.Single(instruction => instruction.Name == "HEALTHCHECK").Arguments;
            Assert.EndsWith($"CMD [\"dotnet\", \"{assembly}\", \"health\", \"--address\", \"http://127.0.0.1:{port}\"]", health, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(ServiceFiles))]
    public void Restore_BeforeTheSources_ReadsProjectsAlone(string file)
    {
        Dockerfile dockerfile = Dockerfile.Read(file);
        Instruction[] build = [.. dockerfile.Stages.Single(stage => stage.Name == "build").Instructions];
        int restore = Array.FindIndex(build, instruction => instruction.Arguments.StartsWith("dotnet restore", StringComparison.Ordinal));
        Assert.Equal(["projects"], build.Take(restore).Where(instruction => instruction.Name == "COPY").Select(instruction => instruction.Flag("from")));
        Assert.Contains(build.Skip(restore), instruction => instruction.Name == "COPY" && instruction.Words[0] == "services");

        // What restoring was told, publishing must be told as well, or it works with other packages.
        string[] Properties(string command) => [.. build.Single(instruction => instruction.Arguments.StartsWith(command, StringComparison.Ordinal)).Arguments.Split(' ')
            .Where(word => word is ['-', 'p', ':', ..] && !word.EndsWith("=false", StringComparison.Ordinal))];
        Assert.Equal(Properties("dotnet restore"), Properties("dotnet publish"));
        Assert.Equal(file == "Dockerfile.cuda" ? ["-p:OfficialPackages=true", "-p:Torch=cuda"] : [], Properties("dotnet publish"));
    }

    private static string[] Words(IEnumerable<Instruction> instructions, string name) =>
        JsonSerializer.Deserialize<string[]>(instructions.Last(instruction => instruction.Name == name).Arguments)!;
}
