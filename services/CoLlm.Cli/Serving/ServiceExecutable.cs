namespace CoLlm.Cli.Serving;

/// <summary>How this very program is started once more.</summary>
/// <param name="File">What is executed.</param>
/// <param name="FirstArguments">What precedes its own arguments.</param>
internal sealed record ServiceExecutable(string File, IReadOnlyList<string> FirstArguments)
{
    /// <summary>The program beside this assembly; where only the assembly is there, the runtime with it.</summary>
    public static ServiceExecutable OfThisProgram()
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "collm.exe" : "collm");
        return System.IO.File.Exists(program)
            ? new ServiceExecutable(program, [])
            : new ServiceExecutable(Environment.ProcessPath ?? "dotnet", [Path.Combine(AppContext.BaseDirectory, "collm.dll")]);
    }
}
