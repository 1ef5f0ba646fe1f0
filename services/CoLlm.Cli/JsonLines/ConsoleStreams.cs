namespace CoLlm.Cli.JsonLines;

/// <summary>The process's three standard streams, as bytes where JSON lines pass and as text where a person reads.</summary>
internal sealed record ConsoleStreams(Stream Input, Stream Output, TextWriter Error)
{
    public static ConsoleStreams OfProcess() => new(Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error);
}
