namespace CoLlm.Cli.JsonLines;

/// <summary>The process's three standard streams, as bytes where JSON lines pass and as text where a person reads.</summary>
internal sealed record ConsoleStreams(Stream Input, Stream Output, TextWriter Error)
{
    /// <summary>Whether a person reads the output where it goes.</summary>
    public bool IsTerminal { get; init; }

    public static ConsoleStreams OfProcess() =>
        new(Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error) { IsTerminal = !Console.IsOutputRedirected };
}
