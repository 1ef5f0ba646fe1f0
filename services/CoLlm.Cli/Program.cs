using System.CommandLine;
using CoLlm.Cli;
using CoLlm.Cli.Commands;
using CoLlm.Cli.JsonLines;

ParseResult command = CollmCommand.Create(ConsoleStreams.OfProcess()).Parse(args);
var invocation = new InvocationConfiguration();

// A service stops in its own time: it drains, for longer than the two seconds that a command gets.
if (ServeCommand.IsServing(command))
    invocation.ProcessTerminationTimeout = null;
if (DemoCommand.IsRunning(command))
    invocation.ProcessTerminationTimeout = DemoCommand.StopTime;
return await command.InvokeAsync(invocation);
