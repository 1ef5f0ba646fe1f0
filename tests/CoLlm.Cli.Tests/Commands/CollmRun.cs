using System.CommandLine;
using System.Text;
using System.Text.Json;
using CoLlm.Cli.JsonLines;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

/// <summary>Runs <c>collm</c> in this process with given standard input.</summary>
internal sealed class CollmRun
{
    private CollmRun(int exitCode, string output, string error)
    {
        ExitCode = exitCode;
        Output = output;
        Error = error;
    }

    public int ExitCode { get; }

    public string Output { get; }

    public string Error { get; }

    /// <summary>Standard output as JSON, one value per line.</summary>
    public JsonElement[] Lines => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    public static async Task<CollmRun> OfAsync(string input, params string[] arguments)
    {
        using MemoryStream standardInput = new(Encoding.UTF8.GetBytes(input));
        using MemoryStream standardOutput = new();
        using StringWriter standardError = new();
        int exitCode = await CollmCommand.Create(new ConsoleStreams(standardInput, standardOutput, standardError)).Parse(arguments)
            .InvokeAsync(new InvocationConfiguration { Error = standardError });
        return new CollmRun(exitCode, Encoding.UTF8.GetString(standardOutput.ToArray()), standardError.ToString());
    }

    /// <summary>A copy of a golden model, so that packed weights are not written beside the fixtures.</summary>
    public static TemporaryDirectory CopyOfModel(string name) => new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", name));

    public static string IdsLine(int[] ids) => $"{{\"ids\": [{string.Join(", ", ids)}]}}\n";
}
