using System.Diagnostics;
using CoLlm.Expert.OpenAi;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Expert.Tests.OpenAi.LlamaCpp;

/// <summary>llama.cpp's own server, with a golden checkpoint turned into its format.</summary>
internal sealed class LlamaServerProcess : IDisposable
{
    /// <summary>Names the program, such as <c>llama-server</c>; <c>tests/interop/install-llama-server.sh</c> fetches one.</summary>
    public const string ProgramVariable = "COLLM_LLAMA_SERVER";

    private readonly Process _process;
    private readonly TemporaryDirectory _directory;

    private LlamaServerProcess(Process process, TemporaryDirectory directory)
    {
        _process = process;
        _directory = directory;
    }

    public static LlamaServerProcess Start(int port, string model)
    {
        string program = Environment.GetEnvironmentVariable(ProgramVariable) ?? "llama-server";
        TemporaryDirectory directory = new();
        string file = Path.Combine(directory.Path, model + ".gguf");
        using (Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", model)))
            GgufFile.Write(file, checkpoint, SentencePieces.Read(RepositoryPaths.Golden("models", model, "tokenizer.model")));
        ProcessStartInfo start = new(program, ["-m", file, "--port", $"{port}", "--alias", model, "-c", "1024", "-np", "2", "-t", "1", "--no-warmup", "-ctk", "f32", "-ctv", "f32", "-fa", "off"])
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

    public static ExpertModelOptions Options(int port, string model) => new()
    {
        Name = model,
        OpenAi = new OpenAiOptions
        {
            Endpoint = $"http://127.0.0.1:{port}",
            Tokenizer = RepositoryPaths.Golden("models", model),
            TopTokens = 528,
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
