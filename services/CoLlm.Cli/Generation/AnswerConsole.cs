using Spectre.Console;

namespace CoLlm.Cli.Generation;

/// <summary>What answers are shown on: colours where the output is a terminal that has them and wants them (<c>NO_COLOR</c>).</summary>
internal sealed class AnswerConsole
{
    private const int LongestLine = 100;
    private const int ShortestLine = 40;

    /// <param name="output">Where it all goes; flushed after every write.</param>
    /// <param name="isTerminal">Whether that is a terminal.</param>
    public AnswerConsole(StreamWriter output, bool isTerminal)
    {
        output.AutoFlush = true;
        IsTerminal = isTerminal;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
        });
        Width = Math.Clamp(Console.Profile.Width - 1, ShortestLine, LongestLine);
        HasColors = Console.Profile.Capabilities is { Ansi: true, ColorSystem: not ColorSystem.NoColors };

        // Lines are broken by those who write them; a token at a time cannot be.
        Console.Profile.Width = 1 << 16;
    }

    public IAnsiConsole Console { get; }

    public bool IsTerminal { get; }

    public bool HasColors { get; }

    /// <summary>Characters of a line that reads well here.</summary>
    public int Width { get; }
}
