using System.Text;
using CoLlm.Cli.JsonLines;

namespace CoLlm.Cli.Tests;

/// <summary>Runs <c>collm</c> in this process, with text for standard input.</summary>
internal static class CollmInvocation
{
    public static Task<(int ExitCode, string[] Lines, string Error)> RunAsync(string input, params string[] arguments) =>
        RunAsync(Encoding.UTF8.GetBytes(input), arguments);

    public static async Task<(int ExitCode, string[] Lines, string Error)> RunAsync(byte[] input, params string[] arguments)
    {
        using var standardInput = new MemoryStream(input);
        using var standardOutput = new MemoryStream();
        using var error = new StringWriter();
        int exitCode = await CollmCommand.Create(new ConsoleStreams(standardInput, standardOutput, error)).Parse(arguments).InvokeAsync();
        string output = Encoding.UTF8.GetString(standardOutput.ToArray());
        return (exitCode, output.Split('\n')[..^1], error.ToString());
    }
}
