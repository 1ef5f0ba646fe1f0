using System.Diagnostics;
using System.Text.Json;
using CoLlm.Deploy.Tests.Tools;
using CoLlm.Testing;

namespace CoLlm.Deploy.Tests.Images;

/// <summary>Others understand the Dockerfiles: what reads them, and the program that the images start.</summary>
public sealed class CommandTests
{
    private const string Validators = "tests/CoLlm.Deploy.Tests/validators";

    [Fact]
    public async Task Dockerfiles_ReadAsAnEditorDoes_HaveNothingToUnderline()
    {
        ExternalTool node = ExternalTool.Node.Required(besides: Validators + "/node_modules/.installed");
        await node.ExpectSuccessAsync([Validators + "/validate-dockerfiles.mjs", .. DeployTree.Find("docker", "Dockerfile*").Select(DeployTree.Full)]);

        using TemporaryDirectory folder = new();
        string bad = folder.Write("Dockerfile", "FROM base:1\nWORKDIR app\nEXPOSE grpc\n");
        string error = await node.ExpectFailureAsync(Validators + "/validate-dockerfiles.mjs", bad);
        Assert.Contains($"{bad}:2: WORKDIR paths should be absolute", error, StringComparison.Ordinal);
        Assert.Contains($"{bad}:3: Invalid containerPort: grpc", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("router")]
    [InlineData("expert")]
    public async Task Command_OfAnImage_IsUnderstoodAndMissesOnlyItsFile(string service)
    {
        string arguments = Dockerfile.Read("Dockerfile").Stages.Single(stage => stage.Name == service).Instructions.Last(instruction => instruction.Name == "CMD").Arguments;
        string[] command = JsonSerializer.Deserialize<string[]>(arguments)!;
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "collm.dll"), .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((2, $"collm serve {service}: The configuration file /etc/collm/{service}.json does not exist.\n"), (process.ExitCode, error));
    }
}
