using System.Diagnostics;
using System.Text.Json;

namespace CoLlm.Deploy.Tests.Images;

/// <summary>The program that the images start understands what they tell it.</summary>
public sealed class CommandTests
{
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
