using System.CommandLine;
using CoLlm.Cli.JsonLines;
using CoLlm.Cli.Serving;
using CoLlm.Expert;
using CoLlm.Expert.Hosting;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm serve expert</c>: one or several expert models that routers ask for single tokens.</summary>
internal static class ServeExpertCommand
{
    public static Command Create(ConsoleStreams streams) => ServiceCommand.Create<ExpertOptions>(
        "expert",
        "Serves collm.v1.Expert: models that write the tokens a router defers. services/CoLlm.Expert/README.md lists every setting.",
        streams,
        options => options.FindProblems(),
        options => ExpertHost.Build(options));
}
