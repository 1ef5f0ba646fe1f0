using System.Diagnostics;

namespace CoLlm.Deploy.Tests.Kubernetes;

/// <summary>kubectl, as far as it works without a cluster.</summary>
internal static class Kubectl
{
    /// <summary>Bounds every run; a test that gets near it has failed.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Runs it at the root of the checkout and expects success; skips the test where it is missing.</summary>
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(params string[] arguments)
    {
        bool isInstalled = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "kubectl")));
        Assert.SkipUnless(isInstalled, "kubectl is missing.");
        using Process process = Process.Start(new ProcessStartInfo("kubectl", arguments)
        {
            WorkingDirectory = Testing.RepositoryPaths.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(Limit);
        Assert.True(process.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}\n{await error}");
        return await output;
    }
}
