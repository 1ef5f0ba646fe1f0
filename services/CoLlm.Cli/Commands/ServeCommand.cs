using System.CommandLine;
using CoLlm.Cli.JsonLines;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm serve</c>: runs one of the two services until it is told to stop.</summary>
internal static class ServeCommand
{
    private const string Name = "serve";

    public static Command Create(ConsoleStreams streams) => new(Name, "Runs a service until it is told to stop.")
    {
        ServeRouterCommand.Create(streams),
        ServeExpertCommand.Create(streams),
    };

    /// <summary>Whether a service is about to run, which handles signals itself.</summary>
    public static bool IsServing(ParseResult command) =>
        command.Errors.Count == 0 && command.CommandResult.Command.Parents.Any(parent => parent.Name == Name);
}
