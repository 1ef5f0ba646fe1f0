using System.Diagnostics;
using CoLlm.Testing;

namespace CoLlm.Deploy.Tests.Tools;

/// <summary>A program from outside that judges files of ours; <c>install-validators.sh</c> beside the project installs all of them.</summary>
internal sealed class ExternalTool(string name)
{
    /// <summary>Bounds every run; a test that gets near it has failed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static ExternalTool Promtool { get; } = new("promtool");

    public static ExternalTool Node { get; } = new("node");

    /// <summary>docker compose, which reads compose files without an engine.</summary>
    public static ExternalTool Compose { get; } = new("docker-compose");

    /// <summary>kubectl, as far as it works without a cluster.</summary>
    public static ExternalTool Kubectl { get; } = new("kubectl");

    /// <summary>Skips the test where the tool is missing; in CI nothing may be missing.</summary>
    /// <param name="besides">A file of the checkout that must be there too.</param>
    public ExternalTool Required(string? besides = null)
    {
        string missing = besides ?? name;
        string reason = $"{missing} is missing; tests/CoLlm.Deploy.Tests/install-validators.sh installs it.";
        bool isInstalled = Find() is not null && (besides is null || File.Exists(Path.Combine(RepositoryPaths.Root, besides)));
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.True(isInstalled, reason);
        Assert.SkipUnless(isInstalled, reason);
        return this;
    }

    /// <summary>Runs it at the root of the checkout and expects success.</summary>
    /// <returns>What it printed on standard output.</returns>
    public async Task<string> ExpectSuccessAsync(params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync(arguments);
        Assert.True(exitCode == 0, $"{name} {string.Join(' ', arguments)}\n{output}\n{error}");
        return output;
    }

    /// <summary>Runs it at the root of the checkout and expects that it finds fault.</summary>
    /// <returns>What it printed on standard error.</returns>
    public async Task<string> ExpectFailureAsync(params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync(arguments);
        Assert.True(exitCode != 0, $"{name} {string.Join(' ', arguments)} accepted what it should not.\n{output}");
        return error;
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] arguments)
    {
        ProcessStartInfo start = new(Find()!, arguments)
        {
            WorkingDirectory = RepositoryPaths.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, await error);
    }

    // What was installed for these tests comes before what the machine happens to have.
    private string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Prepend(Path.Combine(RepositoryPaths.Root, "artifacts", "validators"))
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
