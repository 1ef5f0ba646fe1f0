using System.Diagnostics;
using System.Text.Json;
using CoLlm.EndToEnd.Tests.Clients;
using CoLlm.Protocol.V1;
using CoLlm.Testing;

namespace CoLlm.EndToEnd.Tests.OtherLanguages;

/// <summary>A client made of grpcio and the published protos alone.</summary>
internal static class PythonClient
{
    /// <summary>The system's own: that is the one Debian's grpcio belongs to.</summary>
    private const string Python = "/usr/bin/python3";

    private const string Prompt = "The river";
    private const int TokenCount = 24;

    /// <summary>Asks the same of a router from Python and from here, and compares every event.</summary>
    /// <param name="router">Who is asked.</param>
    /// <param name="caPath">Authorities that Python trusts; null: it speaks cleartext.</param>
    public static async Task CheckAsync(RouterClient router, string? caPath = null)
    {
        await RequireAsync();
        using TemporaryDirectory stubs = new();
        await CompileAsync(stubs.Path);
        string[] arguments =
            [Path.Combine(AppContext.BaseDirectory, "OtherLanguages", "generate.py"), stubs.Path, new Uri(router.Process.Address).Authority,
             Prompt, "0.5", TokenCount.ToString(), .. caPath is null ? Array.Empty<string>() : [caPath]];
        (int exitCode, string output) = await RunAsync(Python, arguments);
        Assert.True(exitCode == 0, output);

        Answered ours = await router.GenerateAsync(new GenerateRequest
        {
            Prompt = Prompt,
            MaxNewTokens = TokenCount,
            Stop = new StopConditions { IgnoreEndOfSequence = true },
            Collaboration = new Collaboration { Mode = CollaborationMode.Defer, Threshold = 0.5f },
        });
        JsonElement[] events = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(SharedServices.First, events[0].GetProperty("started").GetProperty("experts")[0].GetString());
        Assert.Equal(
            ours.Tokens.Select(token => (token.TokenId, token.Text, $"ORIGIN_{token.Origin.ToString().ToUpperInvariant()}")),
            events[1..^1].Select(line => line.GetProperty("token")).Select(token =>
                (token.GetProperty("id").GetInt32(), token.GetProperty("text").GetString()!, token.GetProperty("origin").GetString()!)));
        Assert.Equal("FINISH_REASON_MAX_TOKENS", events[^1].GetProperty("summary").GetProperty("finish").GetString());
    }

    /// <summary>Skips where a package is missing; in CI nothing may be missing.</summary>
    private static async Task RequireAsync()
    {
        bool isInstalled = IsOnPath("protoc") && IsOnPath("grpc_python_plugin") && File.Exists(Python)
            && (await RunAsync(Python, ["-c", "import grpc, google.protobuf"])).ExitCode == 0;
        const string reason = "grpcio, protoc or grpc_python_plugin is missing; tests/interop/install-peers.sh installs them.";
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.True(isInstalled, reason);
        Assert.SkipUnless(isInstalled, reason);
    }

    private static async Task CompileAsync(string folder)
    {
        string protos = Path.Combine(RepositoryPaths.Root, "protos");
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(protos, "collm", "v1"), "*.proto")];
        (int exitCode, string output) = await RunAsync(
            "protoc", ["-I", protos, $"--python_out={folder}", $"--grpc_python_out={folder}", $"--plugin=protoc-gen-grpc_python={Find("grpc_python_plugin")}", .. files]);
        Assert.True(exitCode == 0, output);
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string file, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }

    private static bool IsOnPath(string file) => Find(file) is not null;

    private static string? Find(string file) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
}
