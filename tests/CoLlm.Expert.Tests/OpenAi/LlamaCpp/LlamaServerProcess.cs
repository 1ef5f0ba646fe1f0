using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CoLlm.Expert.OpenAi;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Expert.Tests.OpenAi.LlamaCpp;

/// <summary>llama.cpp's own server, with a golden checkpoint turned into its format.</summary>
internal sealed class LlamaServerProcess : IDisposable
{
    /// <summary>Names the program, such as <c>llama-server</c>; <c>tests/interop/install-llama-server.sh</c> fetches one.</summary>
    public const string ProgramVariable = "LLAMA_SERVER_PROGRAM";

    private readonly Process _process;
    private readonly TemporaryDirectory _directory;

    private LlamaServerProcess(Process process, TemporaryDirectory directory)
    {
        _process = process;
        _directory = directory;
    }

    /// <summary>Names a model directory to use in place of a golden one.</summary>
    public const string ModelVariable = "LLAMA_SERVER_MODEL";

    public static string ModelDirectory => Environment.GetEnvironmentVariable(ModelVariable) ?? RepositoryPaths.Golden("models", "pair-expert");

    /// <summary>A port that was free a moment ago; the server cannot choose one itself.</summary>
    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static LlamaServerProcess Start(int port)
    {
        string program = Environment.GetEnvironmentVariable(ProgramVariable) ?? "llama-server";
        TemporaryDirectory directory = new();
        string file = directory.File("model.gguf");
        using (Checkpoint checkpoint = Checkpoint.Open(ModelDirectory))
            GgufFile.Write(file, checkpoint, GgufTokens.Read(ModelDirectory));
        ProcessStartInfo start = new(program, ["-m", file, "--port", $"{port}", "--alias", "expert", "-c", "1024", "-np", "2", "-t", "1", "--no-warmup", "-ctk", "f32", "-ctv", "f32", "-fa", "off"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process = Process.Start(start)!;
        process.OutputDataReceived += static (_, _) => { };
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new LlamaServerProcess(process, directory);
    }

    public static ExpertModelOptions Options(int port) => new()
    {
        Name = "expert",
        OpenAi = new OpenAiOptions
        {
            Endpoint = $"http://127.0.0.1:{port}",
            Tokenizer = ModelDirectory,
            TopTokens = 200,
            HealthInterval = TimeSpan.FromMilliseconds(100),
            StartTimeout = TimeSpan.FromMinutes(1),
        },
    };

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _directory.Dispose();
    }
}
