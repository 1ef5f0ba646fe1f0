using System.CommandLine;
using CoLlm.Cli.JsonLines;
using CoLlm.Cli.Serving;
using CoLlm.Router.Hosting;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm serve router</c>: the base model, the swap head, and the way to the experts.</summary>
internal static class ServeRouterCommand
{
    public static Command Create(ConsoleStreams streams) => ServiceCommand.Create<RouterOptions>(
        "router",
        "Serves collm.v1.Generation: the base model and its swap head, with experts elsewhere. services/CoLlm.Router/README.md lists every setting.",
        streams,
        options => options.FindProblems(),
        RouterHost.Build);
}
